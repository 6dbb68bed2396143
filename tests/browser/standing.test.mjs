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
    assert.match(await page.locator('.over').first().innerText(), /North/);
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
