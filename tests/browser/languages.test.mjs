// The page in every language it has, by the reader's locale and the election's clock; and
// from right to left.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { violations } from './axe.mjs';
import { Cluster, openBrowser, root, until } from './cluster.mjs';

const named = (en, es, de, ar) => ({ ar, de, en, es });
const person = (id, name, party) => ({ id, name, kind: 'candidate', candidate: id, party });
const election = {
  format: 2, languages: ['ar', 'de', 'en', 'es'], id: 'town', date: '2026-11-03', publication: 'immediate', time_zone: 'Europe/Berlin',
  name: named('Town election', 'Elección municipal', 'Stadtwahl', 'انتخابات المدينة'),
  methods: [
    { id: 'booth', name: named('At the polls', 'En la urna', 'Im Wahllokal', 'في مركز الاقتراع') },
    { id: 'mail', name: named('By mail', 'Por correo', 'Briefwahl', 'بالبريد') },
  ],
  parties: [{ id: 'red', name: named('Red', 'Rojo', 'Rot', 'الأحمر') }, { id: 'blue', name: named('Blue', 'Azul', 'Blau', 'الأزرق') }],
  candidates: [{ id: 'ann', name: 'Ann Ash' }, { id: 'bob', name: 'Bob Birch' }],
  units: [
    { id: 'x', name: named('Xtown', 'Villa X', 'X-Stadt', 'المدينة'), level: 'county' },
    { id: 'north', name: named('North', 'Norte', 'Nord', 'الشمال'), level: 'precinct', parent: 'x', registered: 20000, ballots_expected: 14000, ballot_styles: ['s'] },
    { id: 'south', name: named('South', 'Sur', 'Süd', 'الجنوب'), level: 'precinct', parent: 'x', registered: 200, ballots_expected: 120, ballot_styles: ['s'] },
  ],
  contests: [
    { id: 'mayor', name: named('Mayor', 'Alcaldía', 'Bürgermeisteramt', 'رئاسة البلدية'), office: 'Mayor', unit: 'x', choices: [person('ann', 'Ann Ash', 'red'), person('bob', 'Bob Birch', 'blue')] },
    { id: 'road', name: named('A new road?', '¿Una carretera nueva?', 'Eine neue Straße?', 'طريق جديد؟'), office: 'Question', unit: 'x', choices: [
      { id: 'y', name: named('Yes', 'Sí', 'Ja', 'نعم'), kind: 'yes' }, { id: 'n', name: named('No', 'No', 'Nein', 'لا'), kind: 'no' }] },
  ],
  ballot_styles: [{ id: 's', contests: [{ contest: 'mayor' }, { contest: 'road' }] }],
};
const ANN = 7211, BOB = 5100; // in North, 58.6 %
function ballots() {
  const out = [];
  for (let i = 0; i < ANN + BOB; i++)
    out.push(JSON.stringify({ voter_id: `v${i}`, unit: 'north', method: i % 3 ? 'booth' : 'mail', contests: { mayor: [i < ANN ? 'ann' : 'bob'], road: [i % 5 ? 'y' : 'n'] } }));
  return `${out.join('\n')}\n`;
}

const said = {
  en: { locale: 'en-US', votes: '7,211', share: '58.6%', date: 'November 3, 2026', clock: /Counted as of \d\d:\d\d:\d\d [AP]M (GMT\+1|CET)/, unofficial: 'Unofficial', name: 'Town election', leading: 'Leading', margin: /2,111/ },
  es: { locale: 'es-MX', votes: '7,211', share: '58.6%', date: '3 de noviembre de 2026', clock: /Recuento a las \d\d:\d\d:\d\d.*(GMT\+1|CET)/, unofficial: 'No oficial', name: 'Elección municipal', leading: 'En primer lugar', margin: /2,111/ },
  de: { locale: 'de-DE', votes: '7.211', share: '58,6\u00a0%', date: '3. November 2026', clock: /Stand der Auszählung: \d\d:\d\d:\d\d MEZ/, unofficial: 'Nicht amtlich', name: 'Stadtwahl', leading: 'Führt', margin: /2\.111/ },
};
// The languages that the page has, and the longer texts of its English.
const catalogues = readFileSync(join(root, 'dashboard/src/text/language.ts'), 'utf8').match(/languages = \{([^}]*)\}/)[1].match(/(\w+):/g).map((tag) => tag.slice(0, -1));
const english = [...readFileSync(join(root, 'dashboard/src/text/en.ts'), 'utf8').matchAll(/'([^'\\]{12,})'/g)].map(([, words]) => words);

let cluster, browser;
const errors = [];
before(async () => {
  cluster = await Cluster.define(election);
  const file = join(cluster.folder, 'ballots.ndjson');
  writeFileSync(file, ballots());
  await cluster.call('cast', file);
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

async function open(address, options) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, bypassCSP: true, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${cluster.url}/${address}`);
  return page;
}
async function filled(page) {
  await page.locator('.leaders').waitFor();
  await page.locator('.places tbody tr').nth(1).waitFor();
  await page.locator('.methods tbody tr').nth(1).waitFor();
}
const main = (page) => page.locator('body').innerText();

describe('languages', { concurrency: false }, () => {
  it('every one has its words here', () => assert.deepEqual(catalogues, Object.keys(said)));

  for (const [tag, words] of Object.entries(said))
    it(`${tag}: words, numbers, dates and times`, async () => {
      const page = await open('#/mayor', { locale: words.locale });
      await filled(page);
      await until('all are counted', async () => (await main(page)).includes(words.votes));
      const all = await main(page);
      assert.equal(await page.locator('html').getAttribute('lang'), tag);
      for (const part of [words.share, words.date, words.unofficial, words.name, words.leading]) assert.ok(all.includes(part), `${part} in ${all}`);
      assert.match(all, words.clock);
      assert.match(all, words.margin);
      if (tag !== 'en') assert.deepEqual(english.filter((text) => all.includes(text)), [], 'no English is left');
      await violations(page, tag);
      await page.context().close();
    });

  it('is what the address says, whatever the browser says', async () => {
    const page = await open('?lang=es#/road', { locale: 'en-US' });
    await filled(page);
    assert.equal(await page.locator('html').getAttribute('lang'), 'es');
    assert.equal(await page.getByRole('heading', { level: 2 }).innerText(), '¿Una carretera nueva?');
    await until('as written in the United States', async () => /9,848/.test(await main(page)));
    await page.getByLabel('Idioma').selectOption('de');
    await page.getByRole('heading', { level: 2, name: 'Eine neue Straße?' }).waitFor();
    assert.ok(page.url().endsWith('/?lang=de#/road'), page.url());
    await page.context().close();
  });

  it('is English where the page has none of the reader’s, and names are the reader’s all the same', async () => {
    const page = await open('#/mayor', { locale: 'ar-EG' });
    await filled(page);
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'انتخابات المدينة');
    await page.context().close();
    const nonsense = await open('?lang=%25%25#/mayor', { locale: 'en-US' });
    await filled(nonsense);
    await nonsense.context().close();
  });
});

// A catalogue that runs from right to left: the Spanish one with another `dir`.
describe('right to left', { concurrency: false }, () => {
  for (const [width, scheme] of [[1440, 'light'], [360, 'dark'], [320, 'light']])
    it(`${width} wide: mirrored, and nothing is wider than the screen`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, locale: 'ar-EG', colorScheme: scheme, bypassCSP: true });
      const page = await context.newPage();
      await page.route('**/es-*.js', async (route) => {
        const response = await route.fetch({ headers: { ...route.request().headers(), 'accept-encoding': 'identity' } });
        const body = await response.text();
        assert.match(body, /dir:"ltr"/);
        await route.fulfill({ response, body: body.replace('dir:"ltr"', 'dir:"rtl"') });
      });
      await page.goto(`${cluster.url}/?lang=es#/mayor`);
      await filled(page);
      assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
      const box = (selector) => page.locator(selector).first().boundingBox();
      const end = ({ x, width: wide }) => x + wide;
      const [track, bar] = [await box('.bars .bar'), await box('.bars tbody tr:nth-child(2) .bar span')];
      assert.ok(Math.abs(end(track) - end(bar)) < 1 && bar.width < track.width - 1, `bars from the right: ${JSON.stringify([track, bar])}`);
      const [name, votes] = [await box('.bars tbody th'), await box('.bars tbody td')];
      assert.ok(name.x > votes.x, 'the first column is on the right');
      const [who, big] = [await box('.person .portrait'), await box('.person .big')];
      assert.ok(who.x > big.x, 'the portrait is on the right');
      if (width > 1000) {
        const [list, results] = [await box('.contests'), await box('main')];
        assert.ok(list.x > results.x, 'the list of contests is on the right');
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the screen');
      assert.equal(await page.evaluate(() => document.documentElement.scrollLeft), 0);
      await violations(page, `rtl ${width}`);
      await context.close();
    });

  it('threw no error', () => assert.deepEqual(errors, []));
});
