// One version a screen: while ballots are counted every figure is of one state of the count,
// and every part is asked for by its version; when the collector is away nothing is current.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Cluster, openBrowser, psephos, root, until, wait } from './cluster.mjs';

// Every ballot of the demo votes on the president: each of these is the number counted.
// One evaluation sees one frame.
const figures = (page) =>
  page.evaluate(() => {
    const number = (element) => Number((element?.firstChild?.textContent ?? 'NaN').replaceAll(',', ''));
    const sum = (cells) => [...cells].reduce((all, cell) => all + number(cell), 0);
    const main = document.querySelector('main');
    return {
      total: number(main.querySelector('.figures > div:nth-child(2) dd')),
      inOf: Number(main.querySelector('.figures .in small').textContent.split(' of ')[0].replaceAll(',', '')),
      choices: sum(main.querySelectorAll('.bars')[0].querySelectorAll('tbody td:nth-child(2)')),
      places: sum(main.querySelectorAll('.places tbody td:nth-last-child(3)')),
      methods: sum(main.querySelectorAll('.methods tbody td:nth-child(2)')),
      books: number(document.querySelector('.books tbody tr:last-child td:nth-child(3)')),
      took: number(document.querySelector('.electorate .figures > div:nth-child(2) dd')),
    };
  });

let cluster, browser, page;
const asked = [];
// Ballots for the president in every county, by both methods.
let units, president, voters = 0;
// As many as are expected there, and no more: else "of expected ballots" counts fewer.
function unitOf(voter) {
  let at = (voter * 7919) % units.reduce((all, unit) => all + unit.ballots_expected, 0);
  return units.find((unit) => (at -= unit.ballots_expected) < 0).id;
}
function cast(rate, seconds) {
  const file = join(cluster.folder, 'ballots.ndjson');
  const lines = [];
  for (const end = voters + rate * seconds; voters < end; voters++)
    lines.push(JSON.stringify({
      voter_id: `v${voters}`, unit: unitOf(voters), method: voters % 3 ? 'booth' : 'mail',
      contests: { president: [president.choices[voters % 7 % president.choices.length].id] },
    }));
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = spawn(psephos, ['cast', '--dir', cluster.dir, file, '--rate', String(rate)], { stdio: 'ignore' });
  cluster.casting = child;
  return async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
}

before(async () => {
  cluster = await Cluster.start(join(root, 'demo/vermont-2020-county.csv'), {
    change: (d) => ({ ...d, methods: [{ id: 'booth', name: 'At the polls' }, { id: 'mail', name: 'By mail' }] }),
  });
  ({ units } = await cluster.json('/api/v1/units?level=county'));
  president = (await cluster.json('/api/v1/contests')).contests.find((c) => c.id === 'president');
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, locale: 'en-US' });
  page.on('request', (request) => asked.push(new URL(request.url())));
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

describe('one version a screen', { concurrency: false }, () => {
  it('while ballots are counted: every figure is of the same count', async (t) => {
    await page.goto(`${cluster.url}/#/president?size=25`);
    await page.locator('.places tbody tr').nth(13).waitFor();
    const more = page.getByRole('button', { name: /^Show all/ });
    if (await more.count()) await more.click();
    const stop = cast(5000, 16);
    await page.locator('.leaders').waitFor();
    asked.length = 0;
    const seen = new Set();
    let samples = 0;
    for (const end = Date.now() + 12_000; Date.now() < end; samples++) {
      const { choices, ...same } = await figures(page);
      assert.equal(new Set(Object.values(same)).size, 1, JSON.stringify(same));
      assert.ok(choices <= same.total, `${choices} votes for somebody of ${same.total} ballots`);
      seen.add(same.total);
      await wait(5);
    }
    const parts = asked.filter((url) => /\/api\/v1\/(election|results|turnout|units|leaders|accounting|shards|candidates)/.test(url.pathname));
    const photo = (url) => url.pathname.includes('/candidates/') && url.searchParams.get('limit') === '1';
    assert.deepEqual(parts.filter((url) => !url.searchParams.has('version') && !photo(url)).map(String), [], 'all parts are asked for by version');
    assert.ok(seen.size > 5, `only ${seen.size} versions were shown`);
    t.diagnostic(`${samples} screens of ${seen.size} versions, ${parts.length} requests. ${(await page.locator('.health p').first().innerText()).match(/From a counted.*$/)?.[0] ?? ''} Load average ${loadavg()[0].toFixed(1)}.`);
    await stop();
  });

  it('also of a place, of a method and of a candidate', async () => {
    await page.goto(`${cluster.url}/#/president?unit=${(await cluster.json('/api/v1/units?level=county&limit=1')).units[0].id}`);
    await until('the place', async () => (await page.locator('.trail li').count()) === 3);
    await page.locator('.leaders a.who').first().click();
    await page.getByRole('dialog').waitFor();
    const stop = cast(5000, 4);
    for (let i = 0; i < 40; i++) {
      const [row, told] = await page.evaluate(() => {
        const name = document.querySelector('#candidate-name').textContent;
        const row = [...document.querySelectorAll('.bars tbody tr')].find((tr) => tr.textContent.includes(name));
        const place = document.querySelector('.trail [aria-current]').textContent;
        const where = [...document.querySelectorAll('dialog .plain li')].find((li) => li.querySelector('a')?.textContent === place);
        return [row.querySelector('td').firstChild.textContent, where?.lastChild.textContent.trim()];
      });
      if (told) assert.equal(told, row, 'the dialog and the table');
      await wait(25);
    }
    await stop();
    await page.keyboard.press('Escape');
  });

  it('is begun again when the version is gone, and the old screen stays', async () => {
    await page.goto(`${cluster.url}/#/president?size=25`);
    await page.locator('.places tbody tr').nth(13).waitFor();
    await until('settled', async () => new Set(Object.values({ ...(await figures(page)), choices: 0 })).size === 2);
    let refused = 0;
    await page.route(/\/api\/v1\/leaders.*version=/, async (route) => {
      if (refused++ > 0) return route.continue();
      return route.fulfill({ status: 410, contentType: 'application/problem+json', body: '{"status":410,"title":"Gone","detail":"begin again"}' });
    });
    const stop = cast(2000, 8);
    const before = (await figures(page)).total;
    await until('the next version is there', async () => {
      const { choices: _, ...same } = await figures(page);
      assert.equal(new Set(Object.values(same)).size, 1, JSON.stringify(same));
      return same.total > before && refused > 1;
    });
    assert.equal(await page.locator('.warning').count(), 0, 'and nobody is bothered');
    await page.unroute(/\/api\/v1\/leaders.*version=/);
    await stop();
  });

  it('asks little while nothing is new', async () => {
    await page.getByLabel('Refresh interval').selectOption('5');
    await wait(11_000);
    asked.length = 0;
    await wait(5500);
    const parts = asked.filter((url) => url.pathname.startsWith('/api/'));
    assert.ok(parts.length <= 4, `${parts.map(String)}`);
    await page.getByLabel('Refresh interval').selectOption('live');
  });

  it('nothing is current while the collector is away', async () => {
    const before = await figures(page);
    await page.locator('.strip', { hasText: 'current' }).waitFor();
    await cluster.killCollector();
    await page.getByRole('alert').getByText(/does not answer/).waitFor({ timeout: 15_000 });
    const all = await page.locator('body').innerText();
    assert.doesNotMatch(all, /\bcurrent\b/i);
    assert.doesNotMatch(all, /are connected|From a counted/);
    assert.match(await page.locator('.strip').innerText(), /not known now/);
    assert.equal(await page.locator('.dot.on').count(), 0);
    assert.deepEqual(await figures(page), before, 'the last results stay');
    const ago = async () => Number((await page.locator('.strip small').first().innerText()).match(/([\d.]+) s ago/)[1]);
    const old = await ago();
    await until('ages go on', async () => (await ago()) > old + 1);
    await cluster.call('up');
    await until('current again', async () => /\bcurrent\b/.test(await page.locator('.strip').innerText()) && (await page.getByRole('alert').count()) === 0, 60_000);
  });
});
