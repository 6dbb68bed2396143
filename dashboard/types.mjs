// Writes src/api/schema.ts: the answers of the REST API as types, from the
// collector's openapi.json. With --check only says whether it is up to date.
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { readFileSync, writeFileSync } from 'node:fs';

const to = 'src/api/schema.ts';
const { openapi, info, components } = JSON.parse(readFileSync('../collector/openapi.json', 'utf8'));
// What the page reads: the answers. Paths and parameters it puts together itself.
const answers = { openapi, info, paths: {}, components: { schemas: components.schemas } };
const types = astToString(await openapiTS(answers, { rootTypes: true, rootTypesNoSchemaPrefix: true }));
const head = '// Made from collector/openapi.json by `npm run types`; not to be edited.\n';
const text = await format(head + types, { ...(await resolveConfig(to)), filepath: to });

if (!process.argv.includes('--check')) {
    writeFileSync(to, text);
} else if (readFileSync(to, 'utf8') !== text) {
    console.error(`${to} is not what collector/openapi.json says: npm run types`);
    process.exit(1);
}
