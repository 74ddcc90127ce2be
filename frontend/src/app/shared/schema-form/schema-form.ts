import {
  afterRenderEffect,
  Component,
  computed,
  effect,
  input,
  output,
  signal,
  untracked,
} from '@angular/core';
import { type AbstractControl, FormGroup, ReactiveFormsModule } from '@angular/forms';
import { type FormlyFieldConfig, FormlyForm, provideFormlyCore } from '@ngx-formly/core';
import { buildFields } from './build-fields';
import { SERVER } from './constraints';
import { ChoiceField, ConstantField, SliderField, ToggleField } from './fields/choice-fields';
import { LabelledWrapper } from './fields/labelled-wrapper';
import { ChipsField, OptionsField, SymbolField } from './fields/list-fields';
import { AdvancedWrapper, GroupWrapper } from './fields/section-wrappers';
import { CodeField, JsonField, NumberField, TextField } from './fields/text-fields';
import type { JsonObject, JsonSchema } from './json-schema';
import { normaliseSchema } from './normalise-schema';

/** What the form holds after a change. An invalid value is reported too, so that it can be kept. */
export interface SchemaFormChange {
  readonly value: JsonObject;
  readonly valid: boolean;
}

/** A form drawn from the JSON Schema of an agent's settings. Reads well from 300 px up. */
@Component({
  selector: 'k-schema-form',
  imports: [ReactiveFormsModule, FormlyForm],
  providers: [
    provideFormlyCore({
      types: [
        { name: 'text', component: TextField },
        { name: 'number', component: NumberField },
        { name: 'code', component: CodeField },
        { name: 'json', component: JsonField },
        { name: 'choice', component: ChoiceField },
        { name: 'toggle', component: ToggleField },
        { name: 'slider', component: SliderField },
        { name: 'constant', component: ConstantField },
        { name: 'options', component: OptionsField },
        { name: 'chips', component: ChipsField },
        { name: 'symbol', component: SymbolField },
      ],
      wrappers: [
        { name: 'labelled', component: LabelledWrapper },
        { name: 'group', component: GroupWrapper },
        { name: 'advanced', component: AdvancedWrapper },
      ],
      extras: {
        resetFieldOnHide: false,
        showError: (field) => field.formControl?.invalid ?? false,
      },
    }),
  ],
  template: `
    <form [formGroup]="form()" (submit)="$event.preventDefault()">
      <formly-form
        [form]="form()"
        [fields]="fields()"
        [model]="model()"
        (modelChange)="report($event)"
      />
    </form>
    @if (!fields().length) {
      <p class="k-muted">This agent has no settings.</p>
    }
  `,
  styleUrl: './schema-form.scss',
})
export class SchemaForm {
  /** JSON Schema of an object, as `GET /agents` gives it. */
  readonly schema = input.required<object>();
  readonly value = input.required<JsonObject>();
  readonly readonly = input(false);
  /** What the server found wrong, by field; shown until the field is changed. */
  readonly faults = input<Readonly<Record<string, string>>>({});
  /** Every change, valid or not. */
  readonly changed = output<SchemaFormChange>();

  protected readonly form = signal(new FormGroup({}));
  protected readonly fields = signal<FormlyFieldConfig[]>([]);
  protected readonly model = signal<JsonObject>({});
  /** A copy: Formly hangs watchers, and through them the whole form, on what it is given. */
  private readonly plain = computed(() =>
    normaliseSchema(structuredClone(this.schema()) as JsonSchema),
  );
  private known = '';

  constructor() {
    effect(() => {
      const fields = buildFields(this.plain(), this.readonly());
      untracked(() => this.show(this.value(), fields));
    });
    effect(() => {
      const value = this.value();
      if (JSON.stringify(value) === this.known) return;
      untracked(() => this.show(value, buildFields(this.plain(), this.readonly())));
    });
    afterRenderEffect({
      write: () => {
        const faults = this.faults();
        const fields = this.fields();
        untracked(() => this.mark(faults, fields));
      },
    });
  }

  /** Formly emits before the group's validity is settled, so look one microtask later. */
  protected report(model: JsonObject): void {
    queueMicrotask(() => {
      const value = withoutUndefined(model);
      this.known = JSON.stringify(value);
      this.changed.emit({ value, valid: this.form().valid || this.form().disabled });
    });
  }

  /** Our own rules come first: they answer while one types. */
  private mark(faults: Readonly<Record<string, string>>, fields: FormlyFieldConfig[]): void {
    for (const [name, control] of Object.entries<AbstractControl>(this.form().controls)) {
      if (control.errors?.[SERVER]) control.updateValueAndValidity({ emitEvent: false });
      if (name in faults && control.valid)
        control.setErrors({ [SERVER]: faults[name] }, { emitEvent: false });
    }
    for (const field of fields) field.options?.detectChanges?.(field);
  }

  private show(value: JsonObject, fields: FormlyFieldConfig[]): void {
    this.known = JSON.stringify(value);
    this.form.set(new FormGroup({}));
    this.model.set(structuredClone(value));
    this.fields.set(fields);
  }
}

function withoutUndefined(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
