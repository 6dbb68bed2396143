// Pictures of the page for the README, from a real run: the demo's election,
// stopped when about half of it is counted. Usage: node screenshots.mjs FOLDER
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, openBrowser, root, until } from './cluster.mjs';

const folder = process.argv[2] ?? join(root, 'docs/images');
const BYTES_MAX = 300 * 1024;
const HALF = 0.55;
const views = [
  ['desktop', { viewport: { width: 1280, height: 860 } }],
  ['phone', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
];

const cluster = await Cluster.start(join(root, 'demo/vermont-2020-county.csv'), { importing: ['--name', 'Vermont general election 2020'] });
const browser = await openBrowser();
let failed = false;
try {
  const cast = cluster.cast('--rate', '15000');
  await until('half is counted', async () => {
    const { election } = await cluster.json('/api/v1/election');
    return election.ballots > election.ballots_expected * HALF;
  }, 120_000);
  cluster.casting.kill('SIGTERM');
  await cast;
  for (const [name, options] of views)
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ ...options, colorScheme, locale: 'en-US' });
      const page = await context.newPage();
      await page.goto(`${cluster.url}/#/president`);
      await page.locator('.map path[data-unit]').first().waitFor();
      await page.locator('.chart canvas').first().waitFor();
      const path = join(folder, `page-${name}-${colorScheme}.png`);
      await page.screenshot({ path });
      const bytes = statSync(path).size;
      console.log(`${path}: ${Math.round(bytes / 1024)} KB`);
      failed ||= bytes > BYTES_MAX;
      await context.close();
    }
} finally {
  await browser.close();
  await cluster.stop();
}
if (failed) console.error(`a picture is larger than ${BYTES_MAX / 1024} KB`);
process.exitCode = failed ? 1 : 0;
