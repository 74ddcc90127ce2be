/** The part of JSON Schema that an agent's settings use, and our own `x-` words beside it. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  /** Labels of enum values. */
  readonly 'x-enum-labels'?: Readonly<Record<string, string>>;
  /** Title of the section that the field belongs to. */
  readonly 'x-group'?: string;
  /** Unit, shown after the value. */
  readonly 'x-unit'?: string;
  readonly 'x-widget'?: 'slider' | 'symbol' | 'code' | 'chips';
  /** Shown in the closed "Advanced" section. */
  readonly 'x-advanced'?: boolean;
  /** Shown only while the sibling `field` has one of these values. */
  readonly 'x-show-when'?: { readonly field: string; readonly in: readonly unknown[] };
  /** Set by `normaliseSchema`: the value may be null. */
  readonly nullable?: boolean;
}

/** A value that fits a JSON Schema of type object. */
export type JsonObject = Record<string, unknown>;
