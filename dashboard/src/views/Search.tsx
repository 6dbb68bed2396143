// One search over contests and places, by words in any order. Contests are looked through here,
// places by the collector.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../api/fetch.ts';
import type { Contests, Unit, Units } from '../api/types.ts';
import { number } from '../format.ts';
import { link, route, toContest } from '../route.ts';
import { contests, election, headContest } from '../state.ts';
import { matched, wordsOf } from './overview/seats.ts';
import { text } from '../text/index.ts';

const EACH_MAX = 8; // contests, and as many places
const ASKED_MAX = 100; // places, of which the best are shown
const PAUSE_MS = 200; // of typing, before places are asked for

interface Found {
  key: string;
  name: string;
  where: string;
  go: () => void | Promise<void>;
}
const places = signal<{ wanted: string; list: Unit[] }>({ wanted: '', list: [] });

// Best matches first, else as they came.
function best<T>(all: T[], words: string[], textOf: (one: T) => string, nameOf: (one: T) => string): T[] {
  return all
    .map((one, i) => ({ one, i, how: matched(words, textOf(one)), own: matched(words, nameOf(one)) }))
    .filter(({ how }) => how > 0)
    .sort((a, b) => b.own - a.own || b.how - a.how || a.i - b.i)
    .slice(0, EACH_MAX)
    .map(({ one }) => one);
}

const goTo = (hash: string): void => {
  location.hash = hash.slice(1);
};

// The contest that is looked at, if it is voted on there; else the head race, else the first.
async function toPlace(unit: string): Promise<void> {
  const ask = () => get<Contests>('contests', { unit, choices: 0, limit: 1000 });
  const { contests: there } = await ask().catch(ask); // of a version that is just gone: of the next
  const voted = (id: string | undefined) => there.find((contest) => contest.id === id);
  const chosen = voted(route.value.contest) ?? voted(headContest.value?.id) ?? there[0];
  if (chosen) goTo(chosen.unit === unit ? toContest(chosen.id) : link({ ...blank, contest: chosen.id, unit }));
}
const blank = { unit: '', level: '', method: '', candidate: '', map: 'leader' };

function foundFor(wanted: string): Found[] {
  const words = wordsOf(wanted);
  if (words.length === 0) return [];
  const some = best(
    contests.value,
    words,
    (c) => [c.name, c.office, c.district, c.group, ...c.choices.map((choice) => choice.name)].join(' '),
    (c) => `${c.name} ${c.district}`,
  );
  const levels = new Map(election.value?.election.levels.map((level) => [level.level, level.name]));
  const known = places.value.wanted === wanted ? places.value.list : [];
  return [
    ...some.map((c) => ({
      key: `contest ${c.id}`,
      name: c.name,
      where: c.group === c.name ? text.contest : c.group,
      go: () => goTo(toContest(c.id)),
    })),
    // What it has not by name it has by the unit above: the collector found it.
    ...best(
      known,
      words,
      (u) => `${u.name} ${wanted}`,
      (u) => u.name,
    ).map((u) => ({
      key: `place ${u.id}`,
      name: u.name,
      where: levels.get(u.level) ?? text.place,
      go: () => toPlace(u.id),
    })),
  ];
}

// Asks for places once the reader pauses.
function usePlaces(wanted: string): void {
  useEffect(() => {
    if (wordsOf(wanted).length === 0) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      get<Units>('units', { q: wanted.trim().slice(0, 80), limit: ASKED_MAX }).then(
        ({ units }) => {
          if (current) places.value = { wanted, list: units };
        },
        () => {}, // contests alone, then
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [wanted]);
}

function Options({ found, at, choose }: { found: Found[]; at: number; choose: (one: Found) => void }) {
  return (
    <ul id="found" role="listbox" aria-label={text.search}>
      {found.map((one, i) => (
        <li
          key={one.key}
          id={`found-${i}`}
          role="option"
          aria-selected={i === at}
          onPointerDown={(e) => e.preventDefault()}
          onClick={() => choose(one)}
        >
          {one.name} <small>{one.where}</small>
        </li>
      ))}
    </ul>
  );
}

export function Search() {
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  usePlaces(wanted);
  const found = foundFor(wanted);
  const shown = open && wanted.trim() !== '';
  const chosen = Math.min(at, found.length - 1);
  const choose = (one: Found) => {
    setWanted('');
    setOpen(false);
    void Promise.resolve(one.go()).catch(() => undefined);
    document.getElementById('results')?.focus();
  };
  const onKey = (e: KeyboardEvent) => {
    const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      setOpen(true);
      setAt((chosen + step + found.length) % found.length);
    } else if (e.key === 'Enter' && shown && found[chosen]) choose(found[chosen]!);
    else if (e.key === 'Escape' && shown) setOpen(false);
    else return;
    e.preventDefault();
  };
  useEffect(() => document.getElementById(`found-${chosen}`)?.scrollIntoView({ block: 'nearest' }), [chosen]);
  return (
    <div class="search">
      <input
        ref={input}
        type="text"
        inputMode="search"
        role="combobox"
        autoComplete="off"
        aria-label={text.search}
        placeholder={text.search}
        aria-expanded={shown && found.length > 0}
        aria-controls="found"
        aria-autocomplete="list"
        aria-activedescendant={shown && found.length > 0 ? `found-${chosen}` : undefined}
        value={wanted}
        onInput={(e) => {
          setWanted(e.currentTarget.value);
          setAt(0);
          setOpen(true);
        }}
        onKeyDown={onKey}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
      />
      {shown && found.length > 0 && <Options found={found} at={chosen} choose={choose} />}
      <p class={shown && found.length === 0 ? 'aside' : 'visually-hidden'} role="status">
        {shown && (found.length === 0 ? text.searchNone : text.searchFound(number(found.length)))}
      </p>
    </div>
  );
}
