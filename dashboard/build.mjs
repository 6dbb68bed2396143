// Builds the page into the folder given (default dist/), with gzip beside each file.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const out = process.argv[2] ?? 'dist';
mkdirSync(out, { recursive: true });
await build({
  entryPoints: { page: 'src/main.tsx' }, bundle: true, minify: true, format: 'esm', target: 'es2022', outdir: out,
  jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'linked', logLevel: 'warning',
});
await build({ entryPoints: { page: 'src/style.css' }, bundle: true, minify: true, outdir: out, logLevel: 'warning' });
copyFileSync('src/index.html', `${out}/index.html`);
for (const file of readdirSync(out).filter((f) => /\.(js|css|html|json)$/.test(f)))
  writeFileSync(`${out}/${file}.gz`, gzipSync(readFileSync(`${out}/${file}`), { level: 9 }));
