// The page where votes are shown by report: held, reported in part, under way, final.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { violations } from './axe.mjs';
import { Cluster, openBrowser, until } from './cluster.mjs';

const pictures = process.env.PSEPHOS_PICTURES; // a folder: keeps what the page looked like
const screens = [
  { name: 'desktop', viewport: { width: 1440, height: 900 } },
  { name: 'phone', viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
];

// Addison: Ann 30, Bob 40; Essex: 5 and 5, of them 1 and 1 by mail.
const returns = `state,county,county_fips,precinct,office,district,party,candidate,votes
VT,Addison,50001,,Governor,,Red,Ann Ash,30
VT,Addison,50001,,Governor,,Blue,Bob Birch,40
VT,Essex,50009,,Governor,,Red,Ann Ash,5
VT,Essex,50009,,Governor,,Blue,Bob Birch,5
`;

let cluster, browser, page, addison, essex;
const errors = [];

async function openPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', bypassCSP: true, ...options });
  const one = await context.newPage();
  one.on('pageerror', (error) => errors.push(error.message));
  await one.goto(cluster.url);
  await one.locator('.places tbody tr').first().waitFor();
  return one;
}

// On both screens in both themes: no axe violation, nothing wider than the screen.
async function looksRight(what) {
  for (const { name, ...screen } of screens)
    for (const colorScheme of ['light', 'dark']) {
      const one = await openPage({ ...screen, colorScheme });
      await one.locator('.map path').first().waitFor();
      await violations(one, `${what}, ${name}, ${colorScheme}`);
      assert.ok(await one.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} fits: ${name}`);
      if (pictures) await one.screenshot({ path: join(pictures, `${what}-${name}-${colorScheme}.png`), fullPage: true });
      await one.context().close();
    }
}

const said = (one) => one.locator('main').innerText();
const row = (name) => page.locator('.places tbody tr', { hasText: name }).locator('th, td').allInnerTexts();

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'psephos-reports-'));
  const path = join(folder, 'xx-2024-general-county.csv');
  writeFileSync(path, returns);
  cluster = await Cluster.start(path, {
    importing: ['--publication', 'reports', '--report-min', '3'],
    change: (d) => ({ ...d, methods: [{ id: 'booth', name: 'At the polls' }, { id: 'mail', name: 'By mail' }] }),
  });
  const { contests } = await cluster.json('/api/v1/contests');
  const { units } = await cluster.json('/api/v1/units?level=county');
  const [{ id: contest, choices }] = contests;
  const [ann, bob] = ['Ann Ash', 'Bob Birch'].map((name) => choices.find((c) => c.name === name).id);
  [addison, essex] = ['Addison', 'Essex'].map((name) => units.find((u) => u.name === name).id);
  const ballots = [];
  const add = (n, unit, method, choice) => {
    for (let i = 0; i < n; i++)
      ballots.push(JSON.stringify({ voter_id: `voter-${ballots.length}`, unit, method, cast_at: '2024-11-05T10:00:00Z', contests: { [contest]: [choice] } }));
  };
  add(20, addison, 'booth', ann); add(10, addison, 'booth', bob);
  add(10, addison, 'mail', ann); add(30, addison, 'mail', bob);
  add(4, essex, 'booth', ann); add(4, essex, 'booth', bob);
  add(1, essex, 'mail', ann); add(1, essex, 'mail', bob);
  writeFileSync(join(folder, 'ballots.ndjson'), `${ballots.join('\n')}\n`);
  await cluster.call('cast', join(folder, 'ballots.ndjson'));
  rmSync(folder, { recursive: true });
  browser = await openBrowser();
  page = await openPage();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

describe('votes shown by report', { concurrency: false }, () => {
  it('are not there before the first report, and the page says so', async () => {
    await page.getByText('Not reported yet', { exact: true }).waitFor();
    await until('80 are counted', async () => (await said(page)).includes('80 ballots are counted here.'));
    assert.equal(await page.locator('header .badge', { hasText: 'Shown by report' }).count(), 1);
    assert.deepEqual(await row('Addison'), ['Addison', 'not reported yet', '–', '–', '–', '–', '–', '0%']);
    assert.deepEqual(await page.locator('.bars').first().locator('td').allInnerTexts(), ['–', '–', '–', '–']);
    assert.match(await page.locator('.methods').innerText(), /not reported yet/);
    assert.match(await page.locator('.books').innerText(), /0 are shown and 80 wait for a report/);
    assert.doesNotMatch(await said(page), /\b(?:30|35|40|45|43\.8%)\b/);
    assert.doesNotMatch(await page.title(), /Ash|Birch/);
    await looksRight('held');
  });

  it('are those of the places that have reported', async () => {
    await cluster.call('report', addison);
    await until('Addison is shown', async () => (await said(page)).includes('Shown as of report 1'));
    assert.match(await said(page), /: not final\. 10 ballots more are counted and wait for a report\./);
    await until('the places', async () => (await row('Addison'))[5] === '70');
    assert.deepEqual((await row('Addison')).slice(0, 6), ['Addison', 'Bob Birch', '57.1%', '42.9%', '+14.3', '70']);
    assert.equal((await row('Essex'))[1], 'not reported yet');
    assert.match(await page.locator('main .figures').innerText(), /Ballots shown\s+70\s*of 80 counted/);
    assert.match(await page.locator('main .figures').innerText(), /0 of 2 final, 1 partial/);
    await looksRight('partial');
  });

  it('say when a report is under way', async () => {
    const one = await openPage();
    await one.route('**/api/v1/stream*', (route) => route.abort()); // then all of it is asked for
    await one.route('**/api/v1/turnout*', async (route) => {
      const { 'if-none-match': _, ...headers } = route.request().headers(); // the whole answer
      const response = await route.fetch({ headers });
      const answer = await response.json();
      answer.turnout.forEach((turnout) => (turnout.report_under_way = true)); // as between two shards
      await route.fulfill({ response, json: answer });
    });
    await one.reload();
    await one.getByText('A report is under way.').waitFor();
    await one.context().close();
    assert.equal(await page.getByText('A report is under way.').count(), 0);
  });

  it('of few ballots are not shown before the place is final', async () => {
    await cluster.call('report', essex);
    await until('Essex is shown', async () => (await row('Essex'))[1] === 'Level');
    assert.equal((await row('Essex'))[5], '8', 'two by mail are fewer than three');
  });

  it('are all there when every place is final', async () => {
    await cluster.call('report', '--all', '--final');
    await until('final', async () => (await page.locator('main .figures').innerText()).includes('2 of 2 final'));
    assert.match(await said(page), /Shown as of report \d, .*: final\./);
    await until('Essex is whole', async () => (await row('Essex'))[5] === '10');
    assert.match(await page.locator('.books').innerText(), /80 are shown and 0 wait for a report/);
    await looksRight('final');
    assert.deepEqual(errors, []);
  });
});
