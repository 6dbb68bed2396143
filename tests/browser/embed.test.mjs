// One contest in a frame of another site: shown where the collector allows it, refused where
// it does not, as high as it is, and without a stream.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { violations } from './axe.mjs';
import { Cluster, openBrowser, psephos, root, until, wait } from './cluster.mjs';

// The snippet that docs/operations.md gives, as it stands there.
const snippet = readFileSync(join(root, 'docs/operations.md'), 'utf8').match(/```html\n(<iframe[\s\S]*?)```/)[1];

let cluster, browser, site;
const streams = [];
before(async () => {
  // Another port is another origin; the same server by another name is one that is not allowed.
  site = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>News</title><main><h1>News</h1>${snippet.replace('https://results.example', cluster.url).replace('contest=president', 'contest=vt-governor')}</main></html>`);
  }).listen(0);
  await once(site, 'listening');
  cluster = await Cluster.start(join(root, 'demo/vermont-2020-county.csv'), { upping: ['--embed-origins', `https://news.example,http://127.0.0.1:${site.address().port}`] });
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  site?.close();
  await cluster?.stop();
});

async function open(host, options = {}) {
  const context = await browser.newContext({ viewport: { width: 700, height: 500 }, locale: 'en-US', bypassCSP: false, ...options });
  const page = await context.newPage();
  page.on('request', (request) => { if (request.url().includes('/stream')) streams.push(request.url()); });
  page.refused = [];
  page.on('console', (message) => { if (/frame-ancestors/.test(message.text())) page.refused.push(message.text()); });
  await page.goto(`http://${host}:${site.address().port}/`);
  return page;
}

describe('a contest in a frame', { concurrency: false }, () => {
  it('is shown on an allowed site, as high as it is', async () => {
    const page = await open('127.0.0.1');
    const frame = page.frameLocator('iframe');
    await frame.getByText('No votes counted yet').waitFor();
    assert.equal(await frame.getByRole('heading', { level: 2 }).innerText(), 'Governor');
    for (const part of ['header', 'footer', 'nav', '.places']) assert.equal(await frame.locator(part).count(), 0, part);
    const heights = async () => [await page.locator('iframe').evaluate((f) => f.clientHeight), await frame.locator('body').evaluate((b) => Math.ceil(b.getBoundingClientRect().height))];
    await until('the frame is as high as what is in it', async () => { const [outer, inner] = await heights(); return outer === inner && inner > 300; });
    await cluster.cast('--rate', '100000');
    await frame.locator('.leaders').waitFor({ timeout: 30_000 });
    const [first] = (await cluster.json('/api/v1/results?contest=vt-governor&unit=vt&level=state')).results;
    await until('the last count', async () => (await frame.locator('.figures > div').nth(1).locator('dd').innerText()).replaceAll(',', '') === String((first ?? {}).ballots), 30_000);
    await until('it grew with the result', async () => { const [outer, inner] = await heights(); return outer === inner; });
    assert.deepEqual(streams, [], 'it asks, and holds no stream');
    const whole = await frame.getByRole('link', { name: 'Full results' }).getAttribute('href');
    assert.equal(whole, '/#/vt-governor');
    assert.deepEqual(page.refused, []);
    await page.context().close();
  });

  it('is refused on another site', async () => {
    const page = await open('localhost');
    await until('the browser says so', () => page.refused.length > 0);
    await wait(500);
    assert.equal(await page.frameLocator('iframe').locator('.figures').count(), 0);
    await page.context().close();
  });

  it('fits 320 px, in both themes, without an axe violation', async () => {
    for (const [width, colorScheme] of [[320, 'light'], [360, 'dark'], [1440, 'light']]) {
      const context = await browser.newContext({ viewport: { width, height: 700 }, colorScheme, locale: 'de-DE', bypassCSP: true });
      const page = await context.newPage();
      await page.goto(`${cluster.url}/?embed=1&contest=vt-governor`);
      await page.locator('.leaders').waitFor();
      assert.equal(await page.locator('html').getAttribute('lang'), 'de');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `fits ${width}`);
      await violations(page, `embed ${width}`);
      await context.close();
    }
  });

  it('names the origins in the page’s header and nowhere else, and nobody by default', async () => {
    const policy = async (path) => (await fetch(cluster.url + path)).headers.get('content-security-policy');
    assert.match(await policy('/'), new RegExp(`frame-ancestors https://news.example http://127.0.0.1:${site.address().port}$`));
    assert.match(await policy('/api/v1/election'), /frame-ancestors 'none'/);
    const { collectors } = JSON.parse(readFileSync(join(cluster.dir, 'cluster.json'), 'utf8'));
    assert.deepEqual(collectors[0].embed_origins, ['https://news.example', `http://127.0.0.1:${site.address().port}`]);
  });

  it('refuses what is no origin, before anything is made', async () => {
    const call = (origin) => promisify(execFile)(psephos, ['up', '--dir', join(cluster.folder, 'other'), '--election', join(cluster.folder, 'election/election.json'), `--embed-origins=${origin}`]);
    for (const origin of ['news.example', 'https://news.example/path', 'https://', "https://a.example;script-src *", '', 'https://a.example,'])
      await assert.rejects(call(origin), /is not an origin; for example https:\/\/news\.example/);
    await assert.rejects(promisify(execFile)(psephos, ['up', '--dir', cluster.dir, '--embed-origins', 'https://else.example']), /--embed-origins/);
  });
});
