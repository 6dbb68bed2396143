// Builds the page into the folder given (default dist/): scripts and styles by
// esbuild, map shapes of the United States cut so that a viewer of one state
// loads only that state, and gzip beside each text file. Refuses a first visit
// that is larger than FIRST_MAX.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';

const out = process.argv[2] ?? 'dist';
const FIRST_MAX = 45_000; // bytes packed, with the largest catalogue, before charts and shapes
rmSync(out, { recursive: true, force: true });
mkdirSync(`${out}/map`, { recursive: true });

const { metafile } = await build({
    entryPoints: { page: 'src/main.tsx' },
    metafile: true,
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    target: 'es2022',
    outdir: out,
    chunkNames: '[name]-[hash]',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'linked',
    logLevel: 'warning',
});
await build({ entryPoints: { page: 'src/style.css' }, bundle: true, minify: true, outdir: out, logLevel: 'warning' });

// A topology of some geometries of another one, with only the arcs they use.
function cut(topology, objects) {
    const place = new Map();
    const arcs = [];
    const renumber = (at) => {
        if (Array.isArray(at)) return at.map(renumber);
        const arc = at < 0 ? ~at : at;
        if (!place.has(arc)) {
            place.set(arc, arcs.length);
            arcs.push(topology.arcs[arc]);
        }
        return at < 0 ? ~place.get(arc) : place.get(arc);
    };
    const kept = {};
    for (const [name, geometries] of Object.entries(objects))
        kept[name] = {
            type: 'GeometryCollection',
            geometries: geometries.map(({ type, id, arcs: own, properties }) => ({
                type,
                id,
                arcs: renumber(own ?? []),
                properties: { name: properties?.name },
            })),
        };
    return { type: 'Topology', transform: topology.transform, objects: kept, arcs };
}

const atlas = (name) => JSON.parse(readFileSync(`node_modules/us-atlas/${name}-albers-10m.json`, 'utf8'));
const write = (name, topology) => writeFileSync(`${out}/map/${name}.json`, JSON.stringify(topology));
const states = atlas('states').objects.states.geometries;
const counties = atlas('counties');
write('states', cut(atlas('states'), { units: states }));
write(
    'counties',
    cut(counties, { units: counties.objects.counties.geometries, around: counties.objects.states.geometries }),
);
for (const { id } of states)
    write(
        `counties-${id}`,
        cut(counties, { units: counties.objects.counties.geometries.filter((g) => g.id.startsWith(id)) }),
    );

copyFileSync('src/index.html', `${out}/index.html`);
copyFileSync('node_modules/us-atlas/LICENSE', `${out}/map/LICENSE.txt`);
for (const folder of [out, `${out}/map`])
    for (const file of readdirSync(folder).filter((f) => /\.(js|css|html|json)$/.test(f)))
        writeFileSync(`${folder}/${file}.gz`, gzipSync(readFileSync(`${folder}/${file}`), { level: 9 }));

// ---- what a first visit loads ----

const packed = (file) => readFileSync(`${out}/${file}.gz`).length;
const outputs = new Map(Object.entries(metafile.outputs).map(([path, made]) => [basename(path), made]));

// A file with what it imports at once; an import() waits until it is wanted.
function loaded(file, all = new Set()) {
    if (all.has(file)) return all;
    all.add(file);
    for (const { path, kind } of outputs.get(file).imports)
        if (kind === 'import-statement') loaded(basename(path), all);
    return all;
}
const page = loaded('page.js');
const catalogues = [...outputs].filter(([, made]) => /^src\/text\/..\.ts$/.test(made.entryPoint ?? ''));
const largest = Math.max(0, ...catalogues.map(([file]) => packed(file)));
const first = ['index.html', 'page.css', ...page].reduce((sum, file) => sum + packed(file), largest);
console.log(`first visit: ${first} bytes packed, at most ${FIRST_MAX}`);
if (first > FIRST_MAX) {
    for (const file of ['index.html', 'page.css', ...page]) console.error(`  ${packed(file)} ${file}`);
    console.error('the first visit is too large: load what is not seen at once with import()');
    process.exit(1);
}
