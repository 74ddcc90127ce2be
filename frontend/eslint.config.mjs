import js from '@eslint/js';
import angular from 'angular-eslint';
import boundaries from 'eslint-plugin-boundaries';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Who may import whom: a feature sees itself, core and shared; shared sees only itself. */
const elements = [
  { type: 'api', pattern: 'src/app/core/api' },
  { type: 'core', pattern: 'src/app/core' },
  { type: 'shared', pattern: 'src/app/shared' },
  { type: 'shell', pattern: 'src/app/shell' },
  { type: 'feature', pattern: 'src/app/features/*', capture: ['feature'] },
];
const allow = (from, ...to) => ({
  from: { element: from },
  allow: { to: { element: { types: { anyOf: to } } } },
});
const policies = [
  allow({ type: 'core' }, 'core', 'api', 'shared'),
  allow({ type: 'shared' }, 'shared'),
  allow({ type: 'shell' }, 'shell', 'core', 'api', 'shared'),
  allow({ type: 'feature' }, 'core', 'api', 'shared'),
  {
    from: { element: { type: 'feature' } },
    allow: {
      to: {
        element: { type: 'feature', captured: { feature: '{{ from.element.captured.feature }}' } },
      },
    },
  },
];

const builder = 'src/app/features/pipeline-builder';

export default defineConfig(
  globalIgnores(['dist', '.angular', 'coverage', 'src/app/core/api', 'e2e/shots', 'e2e/results']),
  {
    files: ['**/*.ts'],
    extends: [
      js.configs.recommended,
      tseslint.configs.strict,
      tseslint.configs.stylistic,
      angular.configs.tsRecommended,
    ],
    processor: angular.processInlineTemplates,
    rules: {
      '@angular-eslint/component-selector': [
        'error',
        { type: 'element', prefix: 'k', style: 'kebab-case' },
      ],
      '@angular-eslint/directive-selector': [
        'error',
        { type: 'attribute', prefix: 'k', style: 'camelCase' },
      ],
      '@angular-eslint/component-class-suffix': 'off',
      '@angular-eslint/directive-class-suffix': 'off',
      '@angular-eslint/prefer-signals': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      // Drafts of the graph are records by id: a removed node is a deleted key.
      '@typescript-eslint/no-dynamic-delete': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'Identifier[name=/^bypassSecurityTrust/]',
          message: 'Sanitise instead: nothing here trusts markup.',
        },
      ],
    },
  },
  {
    files: ['src/app/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'boundaries/elements': elements,
      'boundaries/include': ['src/app/**/*.ts'],
      'import/resolver': { typescript: { project: './tsconfig.app.json' } },
    },
    rules: {
      'boundaries/dependencies': ['error', { default: 'disallow', policies }],
    },
  },
  { files: ['src/app/*.ts'], rules: { 'boundaries/dependencies': 'off' } },
  {
    files: [`${builder}/**/*.ts`],
    ignores: [`${builder}/canvas/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['@foblex/*'], message: 'Only canvas/ draws with the graph library.' },
          ],
        },
      ],
    },
  },
  {
    files: [`${builder}/domain/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@angular/*', '@ngrx/*', '@foblex/*', 'rxjs*'],
              message: 'domain/ is plain TypeScript.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.html'],
    extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
    rules: { '@angular-eslint/template/prefer-control-flow': 'error' },
  },
  {
    files: ['**/*.spec.ts', 'e2e/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
