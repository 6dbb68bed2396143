// The page in a real browser, on the demo's election: empty, counting, final,
// stale, without its collector, and back.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { violations } from './axe.mjs';
import { Cluster, openBrowser, root, until, wait } from './cluster.mjs';

const demo = join(root, 'demo/vermont-2020-county.csv');
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

// Independent of the program: the published rows, added up here.
function published(office) {
  const votes = new Map();
  const [head, ...rows] = readFileSync(demo, 'utf8').trim().split('\n').map((line) => line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map((f) => f.replace(/,$/, '').replace(/^"|"$/g, '').replaceAll('""', '"')));
  const at = (name) => head.indexOf(name);
  for (const row of rows)
    if (row[at('office')] === office) votes.set(row[at('candidate')], (votes.get(row[at('candidate')]) ?? 0) + Number(row[at('votes')]));
  return votes;
}

let cluster, browser, page;
const errors = [];

async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', timezoneId: 'America/Jamaica', bypassCSP: true, ...options });
  const one = await context.newPage();
  one.on('pageerror', (error) => errors.push(error.message));
  return one;
}

const votesOf = async (one, name) => {
  const row = one.locator('.bars').first().locator('tbody tr', { hasText: name }).first();
  const cell = await row.locator('td').first().evaluate((td) => td.firstChild.textContent);
  return Number(cell.replaceAll(',', ''));
};
const counted = (one) => one.locator('main .figures .in dd').innerText();

before(async () => {
  cluster = await Cluster.start(demo, {
    change: (definition) => {
      const biden = definition.candidates.find((c) => c.id.includes('biden'));
      Object.assign(biden, { photo: 'biden.png', biography: 'Born in Scranton.', platform: 'Build back.' });
      return definition;
    },
    files: { 'biden.png': PIXEL },
  });
  browser = await openBrowser();
  page = await newPage();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

describe('the page', { concurrency: false }, () => {
  it('opens on the overview and says that nothing is counted, as a contest does', async () => {
    await page.goto(cluster.url);
    await page.getByRole('heading', { level: 2, name: 'Overview' }).waitFor();
    await page.getByText('No votes counted yet').waitFor();
    await violations(page, 'empty');
    await page.locator('.head-race h3').getByRole('link', { name: 'President' }).click();
    await page.getByRole('heading', { level: 2, name: 'President' }).waitFor();
    await page.getByText('No votes counted yet').waitFor();
    await violations(page, 'an empty contest');
  });

  it('shows ballots as they are counted, without reloading', async (t) => {
    await page.evaluate(() => { window.stayed = true; });
    const done = cluster.cast('--rate', '40000');
    await page.locator('.leaders').waitFor();
    const seen = [];
    await until('the count grows on the page', async () => {
      const n = await votesOf(page, 'Joseph Biden');
      if (seen.at(-1) !== n) seen.push(n);
      return seen.length > 5;
    });
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b), 'no count ever goes down');
    // Both of one moment: what is still out is the figure's number, or nothing is left.
    const [out, said] = await page.evaluate(() => {
      const figure = [...document.querySelectorAll('.figures dt')].find((dt) => dt.textContent === 'Ballots still out');
      return [figure.nextElementSibling.firstChild.textContent, document.querySelector('.outlook').textContent];
    });
    assert.match(out, /^[1-9][\d,]*$|^0$/);
    assert.ok(out === '0' ? said.includes('No more ballots are expected') : said.includes(`at most ${out} ballot`), `${out}: ${said}`);
    await done;
    const delay = await page.locator('.health p').first().innerText();
    t.diagnostic(`${delay.match(/From a counted.*$/)?.[0] ?? 'no delay'} Load average ${loadavg()[0].toFixed(1)}.`);
    assert.equal(await page.evaluate(() => window.stayed), true);
  });

  it('shows the exact final numbers of every contest', async () => {
    const contests = (await cluster.json('/api/v1/contests')).contests;
    await page.locator('.contests').getByRole('link', { name: 'President' }).click();
    for (const contest of contests) {
      const votes = published(contest.office);
      const most = [...votes].sort((a, b) => b[1] - a[1])[0];
      await page.locator('.contests').getByRole('link', { name: contest.name, exact: true }).click();
      await until(`${contest.name} is final`, async () => (await page.locator('main h2').innerText()) === contest.name && (await counted(page)).startsWith('100%'));
      const more = page.getByRole('button', { name: /^Show all/ });
      if (await more.count()) await more.click();
      for (const [name, n] of votes)
        assert.equal(await votesOf(page, contest.choices.find((c) => c.name === name)?.name ?? name), n, `${contest.name}: ${name}`);
      assert.match(await page.title(), new RegExp(most[0].split(' ').at(-1)));
      const fewer = page.getByRole('button', { name: 'Show fewer' });
      if (await fewer.count()) await fewer.click();
    }
    assert.match(await page.locator('.books').innerText(), /They balance/);
    assert.match(await page.locator('.as-of').first().innerText(), /Counted as of \d\d:\d\d:\d\d [AP]M UTC/);
  });

  it('drills down, sorts and pages; every view has a link of its own', async () => {
    await page.goto(`${cluster.url}/#/president?sort=unit&size=10`);
    await page.locator('.places tbody tr').first().waitFor();
    await until('sorted by name', async () => (await page.locator('.places tbody th').first().innerText()) === 'Addison');
    assert.match(await page.locator('.pager').innerText(), /Page 1 of 2/);
    await page.getByRole('button', { name: 'Next' }).click();
    await until('page 2', async () => (await page.locator('.places tbody tr').count()) === 4);
    await page.locator('.places tbody th a').last().click();
    await page.locator('.trail').getByText('Windsor').waitFor();
    assert.match(await page.locator('.trail').innerText(), /United States[\s\S]*Vermont[\s\S]*Windsor/);
    const link = page.url();
    const other = await newPage();
    await other.goto(link);
    await other.locator('.trail').getByText('Windsor').waitFor();
    const county = (await cluster.json('/api/v1/results?contest=president&level=county&limit=1000')).results.find((r) => r.unit_name === 'Windsor');
    await until('the county alone', async () => (await votesOf(other, 'Joseph Biden')) === county.choices[0].votes);
    await other.context().close();
    await page.goto(`${cluster.url}/#/president`);
  });

  it('draws a map and a curve, both with a table behind them', async () => {
    await page.locator('.map path[data-unit]').first().waitFor();
    assert.equal(await page.locator('.map path[data-unit]').count(), 14);
    assert.notEqual(await page.locator('.map path[data-unit]').first().evaluate((e) => e.style.fill), '');
    await page.locator('.chart canvas').first().waitFor();
    await page.getByText('As a table', { exact: true }).click();
    assert.ok((await page.locator('.as-table tbody tr').count()) > 1);
  });

  it('draws the curve of a count that has ended, also when its votes come after it', async () => {
    const late = await newPage();
    await late.route('**/api/v1/leaders*', async (asked) => {
      await wait(1500);
      await asked.continue();
    });
    await late.goto(`${cluster.url}/#/president`);
    await late.locator('.chart canvas').first().waitFor({ timeout: 10_000 });
    await late.context().close();
  });

  it('tells about a candidate, photo included, by keyboard alone', async () => {
    await page.locator('.leaders a.who').first().focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await dialog.getByText('Born in Scranton.').waitFor();
    await until('the photo is there', () => dialog.locator('img').evaluate((img) => img.complete && img.naturalWidth === 1));
    await violations(page, 'a candidate');
    await page.keyboard.press('Escape');
    await until('closed', async () => (await page.getByRole('dialog').count()) === 0);
  });

  it('is reached by keyboard: skip link, contests, places', async () => {
    await page.goto('about:blank');
    await page.goto(`${cluster.url}/#/president`);
    await page.locator('.places tbody tr').first().waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the results');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'results');
    const reached = new Set();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement.closest('section,nav,header,footer')?.className ?? ''));
    }
    for (const part of ['card leaders', 'map', 'places']) assert.ok(reached.has(part), `${part} is in ${[...reached]}`);
  });

  it('has no axe violations when final, light and dark, and fits a phone', async () => {
    await violations(page, 'final, light');
    const phone = await newPage({ viewport: { width: 360, height: 740 }, colorScheme: 'dark', isMobile: true, hasTouch: true });
    await phone.goto(`${cluster.url}/#/president`);
    await phone.locator('.places tbody tr').first().waitFor();
    await phone.locator('.map path').first().waitFor();
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
    assert.ok(await phone.locator('.places .scroll').evaluate((box) => box.scrollWidth <= box.clientWidth), 'the places fit, too');
    await violations(phone, 'final, dark, phone');
    await phone.context().close();
  });

  it('pauses, and asks when told to', async () => {
    await page.getByLabel('Refresh interval').selectOption('paused');
    let asked = 0;
    page.on('request', (request) => { if (request.url().includes('/api/v1/')) asked++; });
    await wait(1500);
    assert.equal(asked, 0);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await until('asked', () => asked > 1);
    await page.getByLabel('Refresh interval').selectOption('live');
  });

  it('warns when a shard falls silent', async () => {
    const [pid] = await cluster.pids('shard');
    process.kill(pid, 'SIGSTOP');
    try {
      await page.getByText(/has not reported for a while/).waitFor({ timeout: 15_000 });
      await page.locator('.strip li.bad').waitFor();
      await violations(page, 'stale');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('current again', async () => (await page.getByText(/has not reported for a while/).count()) === 0);
  });

  it('says so when the collector is gone, and goes on when it is back', async () => {
    const before = await votesOf(page, 'Joseph Biden');
    await page.evaluate(() => { window.stayed = 'through the restart'; });
    await cluster.killCollector();
    await page.getByRole('alert').getByText(/does not answer/).waitFor({ timeout: 15_000 });
    assert.equal(await votesOf(page, 'Joseph Biden'), before, 'the last results stay');
    await violations(page, 'without a collector');
    await cluster.call('up');
    await until('connected again', async () => (await page.getByRole('alert').count()) === 0, 60_000);
    assert.equal(await page.evaluate(() => window.stayed), 'through the restart', 'it was reloaded');
    const points = (await cluster.json('/api/v1/series?contest=president')).points.length;
    assert.ok(points > 2, 'the time series outlived the restart');
  });

  it('says that a contest or place does not exist', async () => {
    await page.goto(`${cluster.url}/#/no-such-contest`);
    await page.getByText(/no such contest or place/).waitFor();
    await page.getByRole('link', { name: 'To the overview' }).click();
    await page.getByRole('heading', { level: 2, name: 'Overview' }).waitFor();
    await page.locator('.contests').getByRole('link', { name: 'President' }).click();
    await page.getByRole('heading', { level: 2, name: 'President' }).waitFor();
  });

  it('asked nothing of another host and threw no error', async () => {
    const strange = [];
    page.on('request', (request) => { if (!request.url().startsWith(cluster.url) && !request.url().startsWith('data:')) strange.push(request.url()); });
    await page.reload();
    await page.locator('.places tbody tr').first().waitFor();
    assert.deepEqual(strange, []);
    assert.deepEqual(errors, []);
  });
});

// Two ways to vote in one county of two, every number worked out by hand.
describe('several methods', { concurrency: false }, () => {
  const returns = `state,county,county_fips,precinct,office,district,party,candidate,votes
VT,Addison,50001,,Governor,,Red,Ann Ash,30
VT,Addison,50001,,Governor,,Blue,Bob Birch,40
VT,Essex,50009,,Governor,,Red,Ann Ash,5
VT,Essex,50009,,Governor,,Blue,Bob Birch,5
`;
  const cells = (row) => row.locator('th, td').allInnerTexts();
  let two;
  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'psephos-methods-'));
    writeFileSync(join(folder, 'xx-2024-general-county.csv'), returns);
    two = await Cluster.start(join(folder, 'xx-2024-general-county.csv'), {
      change: (d) => ({ ...d, methods: [{ id: 'booth', name: 'At the polls' }, { id: 'mail', name: 'By mail' }] }),
    });
    const { contests } = await two.json('/api/v1/contests');
    const { units } = await two.json('/api/v1/units?level=county');
    const [{ id: contest, choices }] = contests;
    const [ann, bob] = ['Ann Ash', 'Bob Birch'].map((name) => choices.find((c) => c.name === name).id);
    const [addison, essex] = ['Addison', 'Essex'].map((name) => units.find((u) => u.name === name).id);
    const ballots = [];
    const add = (n, unit, method, choice) => {
      for (let i = 0; i < n; i++)
        ballots.push(JSON.stringify({ voter_id: `voter-${ballots.length}`, unit, method, cast_at: '2024-11-05T10:00:00Z', contests: { [contest]: [choice] } }));
    };
    add(20, addison, 'booth', ann); add(10, addison, 'booth', bob);
    add(10, addison, 'mail', ann); add(30, addison, 'mail', bob);
    add(5, essex, 'booth', ann); add(5, essex, 'mail', bob);
    writeFileSync(join(folder, 'ballots.ndjson'), `${ballots.join('\n')}\n`);
    await two.call('cast', join(folder, 'ballots.ndjson'));
    rmSync(folder, { recursive: true });
  });
  after(() => two?.stop());

  it('are shown side by side and one at a time, in the whole and in a county', async () => {
    const one = await newPage();
    await one.goto(two.url);
    const rows = one.locator('.methods tbody tr');
    await until('two methods', async () => (await rows.count()) === 2 && (await cells(rows.first()))[1] === '35');
    assert.deepEqual(await cells(rows.nth(0)), ['At the polls', '35', '43.8%', '28.6%', '71.4%']); // Bob leads in all, 45 to 35
    assert.deepEqual(await cells(rows.nth(1)), ['By mail', '45', '56.3%', '77.8%', '22.2%']);
    await violations(one, 'several methods');
    await one.getByRole('link', { name: 'By mail' }).click();
    await one.getByText('Only ballots cast by this method: By mail.').waitFor();
    await until('mail alone', async () => (await votesOf(one, 'Bob Birch')) === 35);
    assert.equal(await votesOf(one, 'Ann Ash'), 10);
    await one.locator('.places').getByRole('link', { name: 'Addison' }).click();
    await until('mail in Addison', async () => (await votesOf(one, 'Bob Birch')) === 30);
    assert.deepEqual(await cells(rows.nth(0)), ['At the polls', '30', '42.9%', '33.3%', '66.7%']);
    await one.getByRole('link', { name: 'All methods' }).click();
    await until('every method in Addison', async () => (await votesOf(one, 'Bob Birch')) === 40);
    assert.equal(await votesOf(one, 'Ann Ash'), 30);
    await one.context().close();
  });
});

describe('a cluster for trying', () => {
  let trying;
  before(async () => {
    trying = await Cluster.start(demo, { shards: 1, upping: ['--test'] });
  });
  after(() => trying?.stop());

  it('says TEST in sight of every part of the page, on a phone too, and an election does not', async () => {
    for (const viewport of [{ width: 360, height: 640 }, { width: 1280, height: 900 }]) {
      const one = await newPage({ viewport });
      await one.goto(trying.url);
      const banner = one.getByRole('note').filter({ hasText: 'TEST' });
      await banner.waitFor();
      await until('the title', async () => (await one.title()).startsWith('TEST '));
      await one.locator('footer').waitFor();
      await one.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      const box = await banner.boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height < 120 && box.width <= viewport.width, JSON.stringify(box));
      await violations(one, `a test, ${viewport.width} wide`);
      await one.goto(cluster.url);
      await one.getByText('Unofficial', { exact: true }).waitFor();
      assert.equal(await one.getByRole('note').count(), 0);
      assert.doesNotMatch(await one.title(), /TEST/);
      await one.context().close();
    }
  });
});
