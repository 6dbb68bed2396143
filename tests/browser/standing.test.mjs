// Who leads on the page: a candidate with two lines, several seats, and a place with more
// ballots than it has voters beside one that has sent none.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Cluster, openBrowser, until } from './cluster.mjs';

const line = (id, candidate, party) => ({ id, name: candidate, kind: 'candidate', candidate, ...(party ? { party } : {}) });
// North: 120 voters, South: 130. Mayor: Bob on two lines. Council: two seats.
const election = {
  format: 2, languages: ['en', 'es'], id: 'town', name: 'Town', date: '2026-11-03', publication: 'immediate',
  methods: [{ id: 'all', name: 'All' }],
  parties: [{ id: 'red', name: 'Red' }, { id: 'blue', name: 'Blue' }, { id: 'green', name: 'Green' }],
  candidates: ['Ann', 'Bob', 'Di', 'Ed', 'Fay'].map((name) => ({ id: name, name })).map((c) => ({ ...c, id: c.id.toLowerCase() })),
  units: [
    { id: 'x', name: 'Xtown', level: 'county' },
    { id: 'north', name: 'North', level: 'precinct', parent: 'x', registered: 100, ballots_expected: 100, ballot_styles: ['s'] },
    { id: 'south', name: { en: 'South', es: 'Sur' }, level: 'precinct', parent: 'x', registered: 130, ballots_expected: 130, ballot_styles: ['s'] },
  ],
  contests: [
    { id: 'mayor', name: 'Mayor', office: 'Mayor', unit: 'x', choices: [
      line('ann', 'Ann', 'red'), line('bob-b', 'Bob', 'blue'), line('bob-g', 'Bob', 'green'), { id: 'blank', name: 'Blank', kind: 'blank' }] },
    { id: 'council', name: 'Council', office: 'Council', unit: 'x', seats: 2, choices: [line('di', 'Di'), line('ed', 'Ed'), line('fay', 'Fay')] },
  ],
  ballot_styles: [{ id: 's', contests: [{ contest: 'mayor' }, { contest: 'council' }] }],
};
for (const contest of election.contests)
  for (const choice of contest.choices) if (choice.candidate) choice.candidate = choice.candidate.toLowerCase();

// 120 ballots in North of 100 voters: mayor 48 Ann, 40 and 12 Bob, 20 blank; council 60 Di,
// 35 Ed, 25 Fay.
const mayor = [['ann', 48], ['bob-b', 40], ['bob-g', 12], ['blank', 20]];
const council = [['di', 60], ['ed', 35], ['fay', 25]];
const dealt = (votes) => votes.flatMap(([id, n]) => Array(n).fill(id));
const ballots = () => {
  const [a, b] = [dealt(mayor), dealt(council)];
  return a.map((choice, i) => JSON.stringify({ voter_id: `v${i}`, unit: 'north', contests: { mayor: [choice], council: [b[i]] } })).join('\n') + '\n';
};

let cluster, browser, page;
before(async () => {
  cluster = await Cluster.define(election);
  const file = join(cluster.folder, 'ballots.ndjson');
  writeFileSync(file, ballots());
  await cluster.call('cast', file);
  browser = await openBrowser();
  page = await browser.newPage({ locale: 'en-US' });
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

const open = async (contest) => {
  await page.goto(`${cluster.url}/#/${contest}`);
  await page.locator('.leaders').waitFor();
  await until('120 ballots', async () => (await page.locator('.figures').first().innerText()).includes('120'));
};
const bars = () => page.locator('.bars').first().locator('tbody tr').allInnerTexts();
const figure = async (name) => (await page.locator('.figures > div', { hasText: name }).first().innerText()).replaceAll(/\s+/g, ' ');

describe('who leads', { concurrency: false }, () => {
  it('is a candidate with all lines, the lines below', async () => {
    await open('mayor');
    assert.match(await page.locator('.leaders .person').first().innerText(), /Bob[\s\S]*Blue, Green[\s\S]*52\.0%[\s\S]*52 votes/);
    assert.match(await page.locator('.leaders .person').nth(1).innerText(), /Ann[\s\S]*48\.0%/);
    assert.match(await page.title(), /^Bob 52\.0%/);
    const rows = (await bars()).map((row) => row.replaceAll(/\s+/g, ' ').trim());
    assert.deepEqual(rows, ['Bob 52 52.0%', 'Blue 40', 'Green 12', 'Ann Red 48 48.0%', 'Blank 20']);
    assert.match(await figure('Margin'), /Margin 4 4\.0 points of valid votes/);
  });

  it('with several seats is told of the last seat', async () => {
    await open('council');
    assert.match(await figure('Margin'), /Margin 10 8\.3 points of valid votes, for the last of 2 seats/);
    assert.match(await page.locator('.outlook').innerText(), /Between Ed and Fay: Yes|Between Ed and Fay: On paper/);
  });

  it('is not certain while a place has sent nothing, and one too much', async () => {
    await open('mayor');
    assert.match(await figure('Counted'), /Counted 43% 100 of 230 expected ballots/);
    assert.match(await figure('Ballots still out'), /130/);
    await page.getByText('More ballots than voters registered: North').waitFor();
    assert.match(await page.locator('.outlook').innerText(), /at most 130 ballots are still out, by an estimate/);
    assert.match(await page.locator('.places tbody tr', { hasText: 'North' }).innerText(), /more ballots than registered or expected/);
    assert.doesNotMatch(await page.locator('.places tbody tr', { hasText: 'South' }).innerText(), /more ballots/);
  });

  it('has names in the language of the reader', async () => {
    const one = await browser.newPage({ locale: 'es-MX' });
    await one.goto(`${cluster.url}/#/mayor`);
    await one.locator('.places tbody tr', { hasText: 'Sur' }).waitFor();
    await one.close();
    await open('mayor');
    await page.locator('.places tbody tr', { hasText: 'South' }).waitFor();
  });
});

// Voters registered and ballots expected are two figures; a district is in one ward of two, a
// party's primary on some ballots of each; and a write-in is of no party.
const wards = {
  ...election, id: 'wards', languages: ['en', 'es', 'de'], candidates: [],
  units: [
    { id: 'x', name: 'Xtown', level: 'state' },
    { id: 'x-1', name: 'East', level: 'county', parent: 'x' },
    { id: 'w1', name: 'Ward 1', level: 'precinct', parent: 'x-1', registered: 100, ballots_expected: 12, ballot_styles: ['d', 'p'] },
    { id: 'w2', name: 'Ward 2', level: 'precinct', parent: 'x-1', registered: 100, ballots_expected: 5, ballot_styles: ['s'] },
  ],
  contests: [
    { id: 'mayor', name: 'Mayor', office: 'Mayor', unit: 'x', choices: [
      { id: 'red', name: 'Rita', kind: 'candidate', party: 'red' }, { id: 'blue', name: 'Bea', kind: 'candidate', party: 'blue' },
      { id: 'others', name: 'Write-ins', kind: 'write_in' }] },
    ...['five', 'primary'].map((id) => ({ id, name: id, office: id, unit: 'x', choices: [
      { id: `${id}-a`, name: 'Ann', kind: 'candidate', party: 'red' }, { id: `${id}-b`, name: 'Bob', kind: 'candidate', party: 'red' }] })),
  ],
  ballot_styles: [
    { id: 's', contests: [{ contest: 'mayor' }] },
    { id: 'd', contests: ['mayor', 'five'].map((contest) => ({ contest })) },
    { id: 'p', contests: ['mayor', 'five', 'primary'].map((contest) => ({ contest })) },
  ],
};
// Ward 1: 6 papers with the primary and 4 without; ward 2: 6 where 5 are expected.
const cast = [...Array(16).keys()].map((i) => JSON.stringify({
  voter_id: `w${i}`, unit: i < 10 ? 'w1' : 'w2', style: i < 6 ? 'p' : i < 10 ? 'd' : 's',
  contests: { mayor: [i < 7 ? 'red' : i < 13 ? 'blue' : 'others'], ...(i < 10 && { five: [i < 7 ? 'five-a' : 'five-b'] }), ...(i < 6 && { primary: [i < 4 ? 'primary-a' : 'primary-b'] }) },
})).join('\n') + '\n';

describe('of a contest', { concurrency: false }, () => {
  let town;
  const show = async (contest, done) => {
    await page.goto(`${town.url}/#/${contest}`);
    await until(`${contest}: ${done}`, async () => (await figure('Ballots counted')).includes(done));
  };
  before(async () => {
    town = await Cluster.define(wards);
    writeFileSync(join(town.folder, 'ballots.ndjson'), cast);
    await town.call('cast', join(town.folder, 'ballots.ndjson'));
  });
  after(() => town?.stop());

  it('on every ballot: what is expected and who is registered are told apart', async () => {
    await show('mayor', 'Ballots counted 16');
    assert.match(await figure('Counted'), /15 of 17 expected ballots/);
    assert.match(await figure('Ballots still out'), /Ballots still out 2 of 17 expected/);
    assert.match(await page.locator('.outlook').innerText(), /at most 184 more registered voters can still be counted/);
    assert.doesNotMatch(await page.locator('.outlook').innerText(), /still out/);
    await page.getByText('More ballots than expected: Ward 2').waitFor();
    assert.equal(await page.getByText('More ballots than voters registered').count(), 0);
    const parties = await page.locator('.choices section').last().locator('tbody tr').allInnerTexts();
    assert.deepEqual(parties.map((row) => row.replaceAll(/\s+/g, ' ').trim()), ['Red 7 43.8%', 'Blue 6 37.5%', 'Write-ins 3 18.8%']);
  });

  for (const [contest, counted] of [['five', 10], ['primary', 6]])
    it(`on some ballots of its unit, ${contest}: nothing of the others is claimed`, async () => {
      await show(contest, `Ballots counted ${counted}`);
      assert.match(await figure('Counted'), /Counted 0% by units reporting/);
      assert.match(await figure('Ballots still out'), /Ballots still out – not known/);
      assert.match(await figure('Turnout'), /Turnout – /);
      assert.match(await page.locator('.outlook').innerText(), /How many ballots can still come is not known here/);
      assert.equal(await page.locator('.over[role="note"]').count(), 0);
    });

  it('in every place final: nothing more can come', async () => {
    await town.call('unit-complete', 'w1');
    await until('final', async () => /100%/.test(await figure('Counted')));
    assert.match(await figure('Counted'), /Counted 100% by units reporting/);
    assert.match(await page.locator('.outlook').innerText(), /No more ballots can come/);
  });
});
