// Units with more ballots than their own figures allow, by name, and which figure it is.
import { useEffect, useState } from 'preact/hooks';
import { get } from '../../api/fetch.ts';
import type { Turnout, Turnouts } from '../../api/types.ts';
import { number } from '../../format.ts';
import { toUnit } from '../../route.ts';
import { text } from '../../text/index.ts';

// What is asked of a version that is just gone is asked of the next.
async function load(id: string): Promise<Turnout> {
  const ask = () => get<Turnouts>('turnout', { unit: id });
  const { turnout } = await ask().catch(ask);
  return turnout.find((row) => row.unit === id)!;
}

function Units({ says, list }: { says: string; list: Turnout[] }) {
  if (list.length === 0) return null;
  return (
    <>
      <strong>{says}</strong>{' '}
      {list.map((row, i) => (
        <>
          {i > 0 && ', '}
          <a href={toUnit(row.unit)}>{row.unit_name}</a>
        </>
      ))}{' '}
    </>
  );
}

export function Over({ of }: { of: Turnout['progress'] | undefined }) {
  const [rows, setRows] = useState<Turnout[]>([]);
  const ids = of?.over.join() ?? '';
  useEffect(() => {
    let wanted = true;
    Promise.all((of?.over ?? []).map(load)).then(
      (all) => wanted && setRows(all),
      () => {}, // with the next count, then
    );
    return () => {
      wanted = false;
    };
  }, [ids]);
  if (!of || of.units_over === 0) return null;
  return (
    <p class="over" role="note">
      <Units says={text.overRegistered} list={rows.filter((row) => row.over_registered)} />
      <Units says={text.overExpected} list={rows.filter((row) => !row.over_registered)} />
      {of.units_over > of.over.length && text.overMore(number(of.units_over - of.over.length))}
    </p>
  );
}
