// The page from a folder of files (`psephos publish`): every answer that it makes of them is
// the collector's, and in the browser, below a path of another host, it shows the same.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Cluster, openBrowser, psephos, root, until } from './cluster.mjs';

const run = promisify(execFile);
const returns = join(root, 'demo/vermont-2020-county.csv');
const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };
let cluster, site, server, base, statics;

// Any plain web server, below a path of its host.
function serve(folder) {
  return new Promise((done) => {
    const one = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url, 'http://x').pathname).replace(/^\/some\/path\//, '');
      const file = join(folder, path || 'index.html');
      if (!request.url.startsWith('/some/path/') || !existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': kinds[extname(file)] ?? 'application/octet-stream' });
      createReadStream(file).pipe(response);
    }).listen(0, '127.0.0.1', () => done(one));
  });
}

const publish = (to = site, from = cluster) => run(psephos, ['publish', '--api', from.url, '--to', to, '--once', '--page', join(root, 'build/page')]);

// What the page's own code makes of the files; the server is asked as the browser would.
function readerOf(url) {
  const own = globalThis.fetch;
  return async (path, query = {}) => {
    globalThis.fetch = (file, options) => own(new URL(file, url), options);
    try {
      return await statics.answer(path, query, query.lang ?? '', '');
    } finally {
      globalThis.fetch = own;
    }
  };
}

async function asked(from, path, query = {}) {
  const answer = await from.json(`/api/v1/${path}?${new URLSearchParams(query)}`);
  assert.ok(answer.version, JSON.stringify(answer));
  return answer;
}

// Cursors are each one's own, ages are of the moment, and a series has its first zeros soon.
function plain(answer) {
  const { next_cursor, stale, shards, ...rest } = answer;
  if (rest.points) rest.points = rest.points.filter((point) => point.ballots > 0);
  return { ...rest, more: next_cursor !== null && next_cursor !== undefined, shards: shards?.map(({ age_ms, ...shard }) => shard) };
}

async function assertSame(from, reader, path, query = {}) {
  const [live, files] = [await asked(from, path, query), await reader(path, query)];
  assert.deepEqual(plain(files), plain(live), `${path} ${JSON.stringify(query)}`);
  return live;
}

// Every question that the page has, of every contest, unit and level.
async function assertEverything(from, reader) {
  const { election } = await assertSame(from, reader, 'election');
  await assertSame(from, reader, 'overview');
  await assertSame(from, reader, 'accounting');
  await assertSame(from, reader, 'shards');
  const { contests } = await assertSame(from, reader, 'contests', { limit: 1000 });
  await assertSame(from, reader, 'contests', { limit: 1000, standing: 1, choices: 0 });
  await assertSame(from, reader, 'contests', { q: 'gov' });
  const { units } = await assertSame(from, reader, 'units', { limit: 1000 });
  const levels = election.levels.filter((l) => l.units > 0).map((l) => l.level);
  for (const unit of units) {
    await assertSame(from, reader, `units/${unit.id}`);
    await assertSame(from, reader, 'turnout', { unit: unit.id, level: unit.level });
    if (!unit.leaf) await assertSame(from, reader, 'units', { parent: unit.id });
    for (const level of levels.slice(levels.indexOf(unit.level) + 1)) {
      await assertSame(from, reader, 'units', { parent: unit.id, level, limit: 1000 });
      await assertSame(from, reader, 'turnout', { unit: unit.id, level, limit: 1000 });
    }
  }
  await assertSame(from, reader, 'units', { q: 'wind' });
  const methods = ['', ...(election.methods.length > 1 ? election.methods.map((m) => m.id) : [])];
  for (const contest of contests) {
    await assertSame(from, reader, 'series', { contest: contest.id });
    for (const level of levels.slice(levels.indexOf(units.find((u) => u.id === contest.unit).level)))
      for (const method of methods) {
        const ask = { contest: contest.id, unit: contest.unit, level, limit: 1000, ...(method && { method }) };
        const { limit, ...columns } = ask;
        await assertSame(from, reader, 'results', ask);
        await assertSame(from, reader, 'leaders', columns);
        await assertSame(from, reader, 'leaders', { ...columns, choice: contest.choices[0].id });
        for (const sort of ['ballots', 'unit', 'turnout', `votes:${contest.choices[0].id}`])
          for (const order of ['asc', 'desc']) await assertSame(from, reader, 'results', { ...ask, limit: 10, sort, order });
      }
    if (methods.length > 1) await assertSame(from, reader, 'results', { contest: contest.id, by: 'method' });
  }
  const { candidates } = await asked(from, 'candidates', { limit: 1000 });
  for (const who of candidates) await assertSame(from, reader, `candidates/${who.id}`, { limit: 1000 });
}

before(async () => {
  cluster = await Cluster.start(returns);
  site = join(cluster.folder, 'site');
  await cluster.cast();
  await until('a series that has all', async () =>
    (await cluster.json('/api/v1/results')).results.every(async (row) =>
      (await cluster.json(`/api/v1/series?contest=${row.contest}`)).points.at(-1)?.ballots === row.ballots),
  );
  await new Promise((done) => setTimeout(done, 1000));
  await publish();
  server = await serve(site);
  base = `http://127.0.0.1:${server.address().port}/some/path/`;
  const chunk = readdirSync(join(root, 'build/page')).find((name) => /^static-.*\.js$/.test(name));
  statics = await import(join(root, 'build/page', chunk));
});
after(async () => {
  server?.close();
  await cluster?.stop();
});

test('every answer made of files is the collector\'s', async () => {
  await assertEverything(cluster, readerOf(base));
});

// Two methods, two styles, one choice that only one of them has.
const townBallots = () => Array.from({ length: 60 }, (_, i) => JSON.stringify({
  voter_id: `v${i}`, unit: i % 3 ? 'north-1' : 'north-rest', method: i % 4 ? 'booth' : 'mail',
  contests: i % 3 ? { mayor: [i % 5 ? 'red-ann' : 'bob'], bridge: [] } : { mayor: ['blue-ann'] },
}));
const inTwo = (definition) => ({
  ...definition, languages: ['en', 'de'],
  contests: definition.contests.map((contest) => ({ ...contest, name: { en: contest.name, de: `${contest.name} (de)` } })),
  units: definition.units.map((unit) => (unit.name ? { ...unit, name: { en: unit.name, de: `${unit.name} (de)` } } : unit)),
});
for (const [name, file, change, ballots] of [
  ['a primary', 'primary.json', (same) => same, null],
  ['a town with three for one board', 'town.json', (same) => same, townBallots()],
  ['a town of two languages', 'town.json', inTwo, townBallots()],
])
  test(`${name}: the same, before and after ballots`, async () => {
    const one = await Cluster.define(change(JSON.parse(readFileSync(join(root, 'tests/fixtures', file), 'utf8'))));
    const to = join(one.folder, 'site');
    let plainServer;
    const same = async (lang) => {
      await publish(to, one);
      const reader = readerOf(`http://127.0.0.1:${plainServer.address().port}/some/path/`);
      await assertEverything(one, reader);
      if (lang) for (const path of ['overview', 'contests', 'units']) await assertSame(one, reader, path, { lang });
    };
    try {
      await new Promise((done) => setTimeout(done, 1500)); // the opening is shown, in every shard
      await publish(to, one);
      plainServer = await serve(to);
      const lang = change === inTwo ? 'de' : '';
      await same(lang);
      if (!ballots) return;
      writeFileSync(join(one.folder, 'ballots.ndjson'), `${ballots.join('\n')}\n`);
      await one.call('cast', join(one.folder, 'ballots.ndjson'));
      await until('all ballots', async () => (await one.json('/api/v1/accounting')).total.counted === ballots.length);
      await new Promise((done) => setTimeout(done, 1500)); // the series has them
      await same(lang);
    } finally {
      plainServer?.close();
      await one.stop();
    }
  });

test('a folder that nobody confirms any more is stale, and so is each shard', async () => {
  const path = join(site, 'latest.json');
  const latest = JSON.parse(readFileSync(path, 'utf8'));
  const reader = readerOf(base);
  assert.equal((await reader('shards')).stale, false);
  writeFileSync(path, JSON.stringify({ ...latest, published: new Date(Date.now() - 120_000).toISOString() }));
  const old = await reader('shards');
  assert.ok(old.stale && old.shards.every((shard) => shard.stale));
  writeFileSync(path, JSON.stringify(latest));
  assert.equal((await reader('shards')).stale, false);
});

test('the page below a path shows what the collector\'s page shows', async () => {
  const browser = await openBrowser();
  try {
    const texts = [];
    for (const url of [`${cluster.url}/#/president`, `${base}#/president`]) {
      const page = await browser.newPage();
      const wrong = [];
      page.on('pageerror', (error) => wrong.push(error.message));
      await page.goto(url);
      await page.waitForSelector('table tbody tr');
      await page.waitForSelector('svg path');
      texts.push(await page.locator('main').evaluate((main) =>
        [...main.querySelectorAll('table')].map((table) => table.innerText.replace(/\s+/g, ' ')).filter(Boolean)));
      assert.deepEqual(wrong, []);
      await page.close();
    }
    assert.ok(texts[0].length > 0);
    assert.deepEqual(texts[1], texts[0]);
    const page = await browser.newPage();
    await page.goto(`${base}?embed=1&contest=president`);
    await page.getByText('242,820').first().waitFor();
    assert.equal(await page.locator('header').count(), 0);
  } finally {
    await browser.close();
  }
});

test('nobody writes the folder any more: since when, and nothing at all once all is final', async () => {
  const path = join(site, 'latest.json');
  const age = () => {
    const latest = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...latest, published: new Date(Date.now() - 120_000).toISOString() }));
  };
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ locale: 'en-US' });
    age();
    await page.goto(`${base}#/president`);
    await page.waitForSelector('table tbody tr');
    assert.match(await page.locator('.warning').first().innerText(), /^This page has not been updated since .+\.$/);
    await cluster.call('close');
    const { units } = await cluster.json('/api/v1/units?level=county&limit=1000');
    for (const { id } of units) await cluster.call('unit-complete', id);
    await until('all final', async () => {
      const { election } = await cluster.json('/api/v1/election');
      return election.state === 'closed' && election.leaves_reporting === election.leaves;
    });
    await publish();
    age();
    await page.reload();
    await page.waitForSelector('table tbody tr');
    await page.getByText('Counting closed').first().waitFor();
    assert.equal(await page.locator('.warning').count(), 0);
    assert.equal(await page.locator('.health').count(), 0);
  } finally {
    await browser.close();
  }
});
