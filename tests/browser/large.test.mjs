// Large elections on the page: 3,160 counties, 2,700 precincts. Says how long an
// update takes; asserts only that the page keeps up and shows what was counted.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Cluster, openBrowser, root, until, wait } from './cluster.mjs';

const data = join(root, '../shared/data');
const WATCH_MS = 12_000;
let browser;
before(async () => { browser = await openBrowser(); });
after(() => browser?.close());

// Counts long tasks (over 50 ms) and the frames drawn while ballots come in.
async function watch(page) {
  await page.evaluate(() => {
    window.long = [];
    window.frames = 0;
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => e.duration))).observe({ entryTypes: ['longtask'] });
    const frame = () => { window.frames++; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  });
  await wait(WATCH_MS);
  return page.evaluate(() => ({
    frames: window.frames, long: window.long.length, longest: Math.round(Math.max(0, ...window.long)),
    delay: document.querySelector('.health p')?.textContent.match(/From a counted.*$/)?.[0] ?? 'no update',
  }));
}

async function look(t, cluster, hash, rate, units) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, locale: 'en-US' });
  const cast = cluster.cast('--rate', String(rate));
  await page.goto(`${cluster.url}/${hash}`);
  await page.locator('.places tbody tr').first().waitFor();
  if (units) await until('the map is drawn', async () => (await page.locator('.map path[data-unit]').count()) === units, 30_000);
  await until('ballots are counted', async () => (await cluster.json('/api/v1/election')).election.ballots > 0, 60_000);
  const seen = await watch(page);
  t.diagnostic(`${seen.frames} frames in ${WATCH_MS / 1000} s, ${seen.long} tasks over 50 ms, longest ${seen.longest} ms. ${seen.delay} Load average ${loadavg()[0].toFixed(1)}.`);
  cluster.casting.kill('SIGTERM');
  await cast;
  await until('the page shows the last count', async () => {
    const total = (await cluster.json('/api/v1/election')).election.ballots;
    return (await page.locator('main .figures div').nth(1).locator('dd').innerText()).replaceAll(',', '') === String(total);
  });
  assert.ok(seen.frames > WATCH_MS / 1000, 'it draws');
  await page.context().close();
}

describe('large elections', { concurrency: false }, () => {
  it('3,160 counties', { skip: existsSync(data) ? false : 'no ../shared/data' }, async (t) => {
    const map = join(data, 'us-2024-counties-albers.topojson');
    // What is expected sizes the shards' tables: 155 million ballots are 3 GB that a page does not need.
    const change = (definition) => {
      for (const unit of definition.units) if (unit.ballots_expected) unit.ballots_expected = Math.ceil(unit.ballots_expected / 100);
      return definition;
    };
    const cluster = await Cluster.start(join(data, 'us-2024-president-county.csv'), { change, importing: ['--map', map, '--map-object', 'wards_districts_counties'] });
    try {
      await look(t, cluster, '#/president?level=county', 50_000, 0);
    } finally {
      await cluster.stop();
    }
  });

  it('2,700 precincts', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'psephos-precincts-'));
    const returns = join(folder, 'xx-2024-general-precinct.csv');
    const rows = ['state,county,county_fips,precinct,office,district,party,candidate,votes'];
    for (let i = 0; i < 2700; i++)
      for (const [party, who, votes] of [['Red', 'Ann Ash', 120 + (i % 37)], ['Blue', 'Bob Birch', 110 + (i % 53)], ['', 'Write-ins', i % 3]])
        rows.push(`MT,County ${i % 9},3000${1 + 2 * (i % 4)},Precinct ${i},Governor,,${party},${who},${votes}`);
    writeFileSync(returns, `${rows.join('\n')}\n`);
    const cluster = await Cluster.start(returns);
    try {
      await look(t, cluster, '#/mt-governor?level=precinct&size=100', 30_000, 0);
    } finally {
      await cluster.stop();
      rmSync(folder, { recursive: true });
    }
  });
});
