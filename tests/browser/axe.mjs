// axe-core on a page that is open: WCAG 2.2 AA, no violation.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

export async function violations(page, what) {
  await page.evaluate(source);
  const found = await page.evaluate(
    async (rules) =>
      (await window.axe.run(document, { runOnly: rules })).violations.map(
        (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} (${n.any[0]?.message ?? n.failureSummary})`).join('; ')}`,
      ),
    RULES,
  );
  assert.deepEqual(found, [], what);
}
