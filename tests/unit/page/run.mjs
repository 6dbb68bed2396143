// Runs the tests of the page's own sources in Node.js: bundles each with esbuild, as the page
// is, and prints what failed. usage: node tests/unit/page/run.mjs [--junit FILE] [TEST ...]
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const page = resolve(here, '../../../dashboard');
if (!existsSync(join(page, 'node_modules/esbuild'))) {
    console.error('page: dashboard/node_modules is not there: npm ci in dashboard');
    process.exit(2);
}
const { build } = createRequire(join(page, 'package.json'))('esbuild');

const names = process.argv.slice(2);
const at = names.indexOf('--junit');
const junit = at < 0 ? undefined : names.splice(at, 2)[1];
const files = names.length
    ? names.map((name) => resolve(name))
    : readdirSync(here).filter((name) => name.endsWith('.test.tsx')).sort().map((name) => join(here, name));

const made = mkdtempSync(join(tmpdir(), 'psephos-page-'));
const done = [];
for (const file of files) {
    const outfile = join(made, `${basename(file)}.mjs`);
    globalThis.psephosTests = [];
    try {
        await build({
            entryPoints: [file],
            outfile,
            bundle: true,
            format: 'esm',
            platform: 'browser',
            target: 'es2022',
            jsx: 'automatic',
            jsxImportSource: 'preact',
            nodePaths: [join(page, 'node_modules')],
            logLevel: 'error',
        });
        await import(pathToFileURL(outfile).href);
    } catch (error) {
        globalThis.psephosTests = [{ name: 'is built and loaded', run: () => Promise.reject(error) }];
    }
    for (const { name, run } of globalThis.psephosTests) {
        let failure;
        try {
            await run();
        } catch (error) {
            failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
        }
        done.push({ file: basename(file), name, failure });
        if (failure !== undefined) console.log(`FAILED ${basename(file)}: ${name}\n${failure}`);
    }
}
rmSync(made, { recursive: true, force: true });

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\t\n\x20-\uFFFD]/g, '?');
const failed = done.filter(({ failure }) => failure !== undefined);
if (junit)
    writeFileSync(
        junit,
        `<testsuite name="page" tests="${done.length}" failures="${failed.length}">\n${done
            .map(({ file, name, failure }) =>
                `<testcase classname="${escaped(file)}" name="${escaped(name)}">` +
                `${failure === undefined ? '' : `<failure>${escaped(failure)}</failure>`}</testcase>`)
            .join('\n')}\n</testsuite>\n`,
    );
console.log(`${done.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length > 0 || done.length === 0 ? 1 : 0);
