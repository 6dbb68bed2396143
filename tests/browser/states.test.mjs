// What a night shows, each on both screens in both themes: a primary with two parties' ballots
// in one precinct, "vote for 3", party lists, a candidate of two parties, a referendum; nothing
// counted, half, final; on paper. Every number is worked out by hand.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { violations } from './axe.mjs';
import { Cluster, openBrowser, root, until } from './cluster.mjs';

const pictures = process.env.PSEPHOS_PICTURES; // a folder: keeps what the page looked like
if (pictures) mkdirSync(pictures, { recursive: true });
const names = ['Ada', 'Ben', 'Cleo', 'Dora', 'Eve', 'Finn', 'Gus', 'Hana', 'Ivo'];
const line = (who, party, id = who) => ({ id: id.toLowerCase(), name: who, kind: 'candidate', candidate: who.toLowerCase(), party });
const list = (party) => ({ id: `list-${party}`, name: `The ${party} list`, kind: 'candidate', party });
const contest = (id, name, choices, more = {}) => ({ id, name, office: name, unit: 'x', choices, ...more });
const election = {
  format: 2, languages: ['en'], id: 'night', name: 'Night of every kind', date: '2026-11-03', publication: 'immediate', time_zone: 'America/New_York',
  methods: [{ id: 'all', name: 'All' }],
  parties: [['red', '#b2182b'], ['blue', '#2166ac'], ['green', '#1b7837']].map(([id, color]) => ({ id, name: id[0].toUpperCase() + id.slice(1), color })),
  candidates: names.map((name) => ({ id: name.toLowerCase(), name })),
  units: [
    { id: 'x', name: 'Xtown', level: 'county' },
    { id: 'p1', name: 'Ward 1', level: 'precinct', parent: 'x', registered: 300, ballots_expected: 200, ballot_styles: ['blue', 'red'] },
    { id: 'p2', name: 'Ward 2', level: 'precinct', parent: 'x', registered: 300, ballots_expected: 200, ballot_styles: ['blue'] },
  ],
  contests: [
    contest('gov-blue', 'Governor, Blue primary', [line('Ada', 'blue'), line('Ben', 'blue')], { party: 'blue' }),
    contest('gov-red', 'Governor, Red primary', [line('Cleo', 'red'), line('Dora', 'red')], { party: 'red' }),
    contest('council', 'Council', ['Eve', 'Finn', 'Gus', 'Hana'].map((who) => line(who, undefined)), { votes_allowed: 3, seats: 3 }),
    contest('assembly', 'Assembly', [list('red'), list('blue'), list('green')], { seats: 5 }),
    contest('mayor', 'Mayor', [line('Ivo', 'blue', 'ivo-blue'), line('Ivo', 'green', 'ivo-green'), line('Hana', 'red', 'hana-red')]),
    contest('road', 'Shall the road be built?', [{ id: 'yes', name: 'Yes', kind: 'yes' }, { id: 'no', name: 'No', kind: 'no' }]),
  ],
  ballot_styles: [
    { id: 'blue', contests: ['gov-blue', 'council', 'assembly', 'mayor', 'road'].map((id) => ({ contest: id })) },
    { id: 'red', contests: ['gov-red', 'council', 'assembly', 'mayor', 'road'].map((id) => ({ contest: id })) },
  ],
};
for (const { choices } of election.contests) for (const choice of choices) if (!choice.party) delete choice.party;

// Ward 1: 120 blue papers (Ada 70, Ben 50) and 80 red ones (Cleo 30, Dora 50). Of all 200:
// council Eve 200, Finn 150, Gus 120, Hana 110 (20 votes not given); lists red 90, blue 70,
// green 40; mayor Ivo 80 + 30, Hana 90; road yes 130, no 70.
function ballots(unit, prefix) {
  const deal = (...votes) => votes.flatMap(([id, n]) => Array(n).fill(id));
  const blue = deal(['ada', 70], ['ben', 50]), red = deal(['cleo', 30], ['dora', 50]);
  const lists = deal(['list-red', 90], ['list-blue', 70], ['list-green', 40]), road = deal(['yes', 130], ['no', 70]);
  const mayor = deal(['ivo-blue', 80], ['ivo-green', 30], ['hana-red', 90]);
  return lists.map((_, i) => {
    const council = ['eve', ...(i < 150 ? ['finn'] : []), ...(i < 110 || i >= 190 ? ['gus'] : []), ...(i >= 90 && i < 110 ? [] : i >= 110 ? ['hana'] : []), ...(i < 20 ? ['hana'] : [])].slice(0, 3);
    const own = i < 120 ? { 'gov-blue': [blue[i]] } : { 'gov-red': [red[i - 120]] };
    return JSON.stringify({ voter_id: `${prefix}${i}`, unit, style: i < 120 ? 'blue' : 'red', contests: { ...own, council, assembly: [lists[i]], mayor: [mayor[i]], road: [road[i]] } });
  });
}

let cluster, browser, page;
const errors = [];
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', bypassCSP: true, ...options });
  const one = await context.newPage();
  one.on('pageerror', (error) => errors.push(error.message));
  return one;
}
const screens = [
  ['desktop', { viewport: { width: 1440, height: 900 } }],
  ['phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
];

// On both screens in both themes: no violation, nothing wider than the screen, at 320 px neither.
async function looksRight(what, hash, ready) {
  for (const [name, screen] of screens)
    for (const colorScheme of ['light', 'dark']) {
      const one = await open({ ...screen, colorScheme });
      await one.goto(`${cluster.url}/${hash}`);
      await one.getByText(ready).first().waitFor();
      await violations(one, `${what}, ${name}, ${colorScheme}`);
      const fits = () => one.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.ok(await fits(), `${what} fits: ${name}`);
      if (pictures) await one.screenshot({ path: join(pictures, `${what}-${name}-${colorScheme}.png`), fullPage: true });
      if (name === 'phone') {
        await one.setViewportSize({ width: 320, height: 640 });
        assert.ok(await fits(), `${what} fits 320 px`);
      }
      await one.context().close();
    }
}
const flat = async (locator) => (await locator.innerText()).replaceAll(/\s+/g, ' ').trim();
const bars = async () => (await page.locator('.bars').first().locator('tbody tr').allInnerTexts()).map((row) => row.replaceAll(/\s+/g, ' ').trim());
const figure = (name) => flat(page.locator('main .figures > div', { hasText: name }).first());
const cast = async (lines) => {
  const file = join(cluster.folder, 'ballots.ndjson');
  writeFileSync(file, `${lines.join('\n')}\n`);
  await cluster.call('cast', file);
};
const show = async (id, ready) => {
  await page.goto(`${cluster.url}/#/${id}`);
  await until(`${id} is there`, async () => (await page.locator('main').innerText()).includes(ready));
};

before(async () => {
  cluster = await Cluster.define(election);
  browser = await openBrowser();
  page = await open();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

describe('states of a night', { concurrency: false }, () => {
  it('nothing counted', async () => {
    await looksRight('nothing', '#/mayor', 'No votes counted yet');
  });

  it('half: a primary with two parties’ ballots in one precinct', async () => {
    await cast(ballots('p1', 'a'));
    await show('gov-blue', '70');
    assert.deepEqual((await bars()).slice(0, 2), ['Ada Blue 70 58.3%', 'Ben Blue 50 41.7%']);
    assert.match(await figure('Ballots counted'), /^Ballots counted 120\b/);
    await show('gov-red', 'Dora');
    await until('red', async () => (await bars())[0] === 'Dora Red 50 62.5%');
    assert.equal((await bars())[1], 'Cleo Red 30 37.5%');
    assert.match(await figure('Ballots counted'), /^Ballots counted 80\b/);
    await looksRight('half-primary', '#/gov-red', '62.5%');
  });

  it('“vote for 3”: the margin is that of the last seat', async () => {
    await show('council', 'Up to 3 votes a ballot.');
    await until('council', async () => (await bars())[0]?.startsWith('Eve 200'));
    assert.match(await flat(page.locator('main .choices')), /3 seats\./);
    const { results } = await cluster.json('/api/v1/results?contest=council&unit=x&level=county');
    assert.equal(results[0].margin_of, 'last_seat');
    const [third, fourth] = (await bars()).slice(2, 4).map((row) => Number(row.match(/ (\d+) /)[1]));
    assert.match(await figure('Margin'), new RegExp(`Margin ${third - fourth} .*for the last of 3 seats`));
    await looksRight('half-vote-for-3', '#/council', 'Up to 3 votes a ballot.');
  });

  it('party lists', async () => {
    await show('assembly', 'The red list');
    await until('lists', async () => (await bars())[0] === 'The red list Red 90 45.0%');
    assert.deepEqual(await bars(), ['The red list Red 90 45.0%', 'The blue list Blue 70 35.0%', 'The green list Green 40 20.0%']);
    await looksRight('half-lists', '#/assembly', '45.0%');
  });

  it('a candidate of two parties', async () => {
    await show('mayor', 'Ivo');
    await until('mayor', async () => (await bars())[0] === 'Ivo 110 55.0%');
    assert.deepEqual(await bars(), ['Ivo 110 55.0%', 'Blue 80', 'Green 30', 'Hana Red 90 45.0%']);
    assert.equal((await page.locator('.places thead').innerText()).match(/Ivo/g).length, 1);
    await looksRight('half-fusion', '#/mayor', '55.0%');
  });

  it('a referendum', async () => {
    await show('road', 'Shall the road be built?');
    await until('road', async () => (await bars())[0] === 'Yes 130 65.0%');
    assert.equal((await bars())[1], 'No 70 35.0%');
    assert.match(await page.locator('.outlook').innerText(), /Can it still change\?/);
    await looksRight('half-referendum', '#/road', '65.0%');
  });

  it('by keyboard alone: every control and link of the page, in order, and in sight', async () => {
    await show('mayor', 'Ivo');
    await page.locator('.places tbody tr').nth(1).waitFor();
    await page.evaluate(() => document.activeElement?.blur());
    const wanted = await page.evaluate(() =>
      [...document.querySelectorAll('a[href], button:not(:disabled), select, input, summary, [tabindex="0"]')].filter((e) => e.checkVisibility()).length);
    const seen = [];
    for (let i = 0; i < wanted; i++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate(() => {
        const e = document.activeElement;
        e.dataset.reached ??= String(document.querySelectorAll('[data-reached]').length);
        const box = e.getBoundingClientRect();
        return { at: Number(e.dataset.reached), drawn: box.width > 0 && box.height > 0 && getComputedStyle(e).outlineStyle !== 'none', what: e.outerHTML.slice(0, 80) };
      }));
    }
    assert.equal(new Set(seen.map(({ at }) => at)).size, wanted, 'each is reached once');
    assert.deepEqual(seen.filter(({ drawn }) => !drawn), [], 'and shows that it is');
  });

  it('live regions are quiet: one polite line, at most every half minute, and the search that nobody asks', async () => {
    const regions = await page.evaluate(() => [...document.querySelectorAll('[aria-live], [role=alert], [role=status], [role=log]')].map((e) => [e.getAttribute('aria-live') ?? e.getAttribute('role'), e.closest('.search') ? e.textContent : '']));
    assert.deepEqual(regions, [['status', ''], ['polite', '']]);
  });

  it('final', async () => {
    await cast(ballots('p2', 'b').slice(0, 120));
    await cluster.call('report', '--all', '--final').catch(() => cluster.call('unit-complete', 'p1', 'p2'));
    await show('mayor', '2 of 2 final');
    await looksRight('final', '#/mayor', '2 of 2 final');
  });

  it('on paper: one contest on a sheet of A4, without a dark ground', async () => {
    const one = await open({ colorScheme: 'dark' });
    await one.goto(`${cluster.url}/#/mayor`);
    await one.getByText('2 of 2 final').first().waitFor();
    for (const theme of ['auto', 'dark']) {
      await one.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
      await one.emulateMedia({ media: 'print', colorScheme: 'dark' });
      const grounds = await one.evaluate(() => [...document.querySelectorAll('body, .top, main, .card, .figures, .places, footer')].map((e) => getComputedStyle(e).backgroundColor));
      for (const ground of grounds) assert.match(ground, /rgb\(255, 255, 255\)|rgba\(0, 0, 0, 0\)/, theme);
      const pdf = await one.pdf({ preferCSSPageSize: true });
      assert.equal(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length, 1, 'one sheet');
      if (pictures) await one.screenshot({ path: join(pictures, `print-${theme}.png`), fullPage: true });
    }
    await one.context().close();
    assert.deepEqual(errors, []);
  });
});

describe('a state’s election on paper', { concurrency: false }, () => {
  it('is one sheet, too, with its map', async () => {
    const demo = await Cluster.start(join(root, 'demo/vermont-2020-county.csv'));
    try {
      await demo.cast('--rate', '200000');
      const one = await open();
      await one.goto(`${demo.url}/#/president`);
      await one.locator('.map path[data-unit]').first().waitFor();
      await one.locator('.leaders').waitFor();
      const pdf = await one.pdf({ preferCSSPageSize: true });
      if (pictures) {
        await one.emulateMedia({ media: 'print' });
        await one.setViewportSize({ width: 703, height: 1032 });
        await one.screenshot({ path: join(pictures, 'print-state.png'), fullPage: true });
      }
      assert.equal(pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length, 1);
    } finally {
      await demo.stop();
    }
  });
});
