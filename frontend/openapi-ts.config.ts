import { defineConfig } from '@hey-api/openapi-ts';

/** `npm run api` turns openapi.json (written by `./kuber openapi`) into the client under core/api. */
export default defineConfig({
  input: './openapi.json',
  output: { path: 'src/app/core/api', clean: true },
  plugins: ['@hey-api/client-angular', '@hey-api/typescript', '@hey-api/sdk'],
});
