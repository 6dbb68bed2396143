// The map: paths are made once for a set of shapes; an update only changes the
// colours of what changed, so that 3,160 counties stay smooth.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Contest, Leaders, Unit } from '../api/types.ts';
import { colorOf, OTHER } from '../colors.ts';
import { number, percent, percentIn, points } from '../format.ts';
import { progress } from '../race.ts';
import { go, route, toUnit } from '../route.ts';
import { shapesOf } from '../shapes.ts';
import type { Shapes } from '../shapes.ts';
import { election, leaders, level, ranking, scope, units } from '../state.ts';
import { parties } from './parts.tsx';
import { text } from '../text.ts';

const SVG = 'http://www.w3.org/2000/svg';
const STEPS = 5;
const PALEST = 0.4;

interface Fill {
  color: string;
  opacity: number;
  label: string;
}

const mixed = (share: number): string =>
  `color-mix(in oklab, var(--scale) ${Math.round(12 + 88 * share)}%, var(--card))`;

// Shares are shown on the span that occurs, in steps that the legend names.
interface Scale {
  low: number;
  high: number;
  of: (at: number) => number | null;
}

function scaleOf(by: string, data: Leaders, list: Unit[]): Scale | null {
  let of: Scale['of'];
  if (by === 'turnout') of = (i) => (list[i]?.registered ? data.ballots[i]! / list[i]!.registered! : null);
  else if (by.startsWith('share:') && data.choice_votes)
    of = (i) => (data.valid[i]! > 0 ? data.choice_votes![i]! / data.valid[i]! : null);
  else return null;
  const values = list.map((_, i) => of(i)).filter((v): v is number => v !== null);
  if (values.length === 0) return { low: 0, high: 1, of };
  const low = Math.floor(Math.min(...values) * 20) / 20,
    high = Math.ceil(Math.max(...values) * 20) / 20;
  return { low, high: high > low ? high : low + 0.05, of };
}

function fillOf(contest: Contest, data: Leaders, list: Unit[], scale: Scale | null, i: number): Fill {
  const part = progress(data.units_reporting[i]!, data.units_total[i]!, data.ballots[i]!, list[i]!.ballots_expected);
  const opacity = PALEST + (1 - PALEST) * part;
  const counted = text.mapIn(percentIn(part));
  const parent = units.value?.parents.get(list[i]!.parent ?? '');
  const name = parent ? `${list[i]!.name}, ${parent}` : list[i]!.name;
  if (scale) {
    const share = scale.of(i);
    const step =
      share === null ? 0 : Math.min(STEPS - 1, Math.floor(((share - scale.low) / (scale.high - scale.low)) * STEPS));
    return {
      color: share === null ? 'var(--none)' : mixed((step + 1) / STEPS),
      opacity: share === null ? 1 : opacity,
      label: `${name}\n${percent(share)}\n${counted}`,
    };
  }
  const at = data.leader[i];
  if (at === null || at === undefined) {
    const level0 = data.leader_votes[i]! > 0;
    return {
      color: level0 ? OTHER : 'var(--none)',
      opacity: 1,
      label: `${name}\n${level0 ? text.mapTied : text.mapNone}`,
    };
  }
  const choice = contest.choices[at]!;
  const share = data.leader_votes[i]! / data.valid[i]!;
  const lead = (data.leader_votes[i]! - data.second_votes[i]!) / data.valid[i]!;
  return {
    color: colorOf(contest, parties(), choice),
    opacity,
    label: `${name}\n${choice.name} ${percent(share)} (+${points(lead)})\n${number(data.ballots[i]!)} · ${counted}`,
  };
}

function draw(svg: SVGSVGElement, shapes: Shapes): Map<string, SVGPathElement> {
  const made = new Map<string, SVGPathElement>();
  const group = document.createElementNS(SVG, 'g');
  for (const [unit, d] of shapes.paths) {
    const element = document.createElementNS(SVG, 'path');
    element.setAttribute('d', d);
    element.dataset.unit = unit;
    group.append(element);
    made.set(unit, element);
  }
  const borders = document.createElementNS(SVG, 'path');
  borders.setAttribute('d', shapes.borders);
  borders.setAttribute('class', 'borders');
  svg.replaceChildren(group, borders);
  return made;
}

function Legend({ contest, data, scale }: { contest: Contest; data: Leaders; scale: Scale | null }) {
  if (scale) {
    const step = (scale.high - scale.low) / STEPS;
    return (
      <ul class="legend">
        {Array.from({ length: STEPS }, (_, i) => (
          <li key={i}>
            <span class="swatch" aria-hidden="true" style={{ background: mixed((i + 1) / STEPS) }} />
            {percentIn(scale.low + i * step)}–{percentIn(scale.low + (i + 1) * step)}
          </li>
        ))}
        <li class="aside">{text.mapFaded}</li>
      </ul>
    );
  }
  const counts = new Map<number, number>();
  for (const at of data.leader) if (at !== null) counts.set(at, (counts.get(at) ?? 0) + 1);
  return (
    <ul class="legend">
      {[...counts]
        .sort((a, b) => b[1] - a[1])
        .map(([at, n]) => (
          <li key={at}>
            <span
              class="swatch"
              aria-hidden="true"
              style={{ background: colorOf(contest, parties(), contest.choices[at]!) }}
            />
            {contest.choices[at]!.name} <strong>{number(n)}</strong>
          </li>
        ))}
      {data.leader.some((at, i) => at === null && data.leader_votes[i]! > 0) && (
        <li>
          <span class="swatch" aria-hidden="true" style={{ background: OTHER }} />
          {text.mapTied}
        </li>
      )}
      <li class="aside">{text.mapFaded}</li>
    </ul>
  );
}

export function Map_({ contest }: { contest: Contest }) {
  const known = units.value,
    at = level.value,
    data = leaders.value;
  const [shapes, setShapes] = useState<{ key: string; shapes: Shapes } | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ shapes: Shapes; paths: Map<string, SVGPathElement>; fills: Map<string, Fill> } | null>(null);

  useEffect(() => {
    let wanted = true;
    if (known && at && known.list.length > 0)
      void shapesOf(election.value?.election.map ?? null, at, known.list).then((found) => {
        if (wanted) setShapes(found && { key: known.key, shapes: found });
      });
    return () => {
      wanted = false;
    };
  }, [known, at]);

  const usable =
    known &&
    data &&
    shapes &&
    shapes.key === known.key &&
    data.unit === scope.value?.below.id &&
    data.contest === contest.id &&
    data.leader.length === known.list.length;
  const asked = route.value.map;
  const by = asked === 'turnout' || contest.choices.some((c) => asked === `share:${c.id}`) ? asked : 'leader';
  const scale = usable ? scaleOf(by, data, known.list) : null;

  useEffect(() => {
    if (!usable || !svg.current) return;
    if (drawn.current?.shapes !== shapes.shapes || !svg.current.hasChildNodes())
      drawn.current = { shapes: shapes.shapes, paths: draw(svg.current, shapes.shapes), fills: new Map() };
    const { paths, fills } = drawn.current;
    known.list.forEach((unit, i) => {
      const element = paths.get(unit.id);
      if (!element) return;
      const fill = fillOf(contest, data, known.list, scale, i),
        old = fills.get(unit.id);
      if (old?.color !== fill.color) element.style.fill = fill.color;
      if (old?.opacity !== fill.opacity) element.style.fillOpacity = fill.opacity.toFixed(2);
      fills.set(unit.id, fill);
    });
  }, [usable, shapes, data, by, contest]);

  if (!usable) return null;
  const racing = ranking.value.slice(0, 8);
  const hasTurnout = known.list.some((u) => u.registered);
  const show = (event: PointerEvent) => {
    const unit = (event.target as Element).closest<SVGPathElement>('path[data-unit]')?.dataset.unit;
    const fill = unit ? drawn.current?.fills.get(unit) : undefined;
    const box = tip.current!;
    box.hidden = !fill;
    if (!fill) return;
    box.textContent = fill.label;
    const area = svg.current!.getBoundingClientRect();
    box.style.left = `${Math.min(Math.max(event.clientX - area.left, 60), area.width - 60)}px`;
    box.style.top = `${event.clientY - area.top}px`;
  };
  const name =
    by === 'turnout'
      ? text.mapTurnout
      : by.startsWith('share:')
        ? text.mapShare(contest.choices.find((c) => `share:${c.id}` === by)?.name ?? '')
        : text.mapLeader;
  return (
    <section class="map">
      <div class="map-head">
        <h3>{text.map}</h3>
        <label>
          {text.mapBy}{' '}
          <select value={by} onChange={(e) => go({ map: e.currentTarget.value })}>
            <option value="leader">{text.mapLeader}</option>
            {hasTurnout && <option value="turnout">{text.mapTurnout}</option>}
            {racing.map((choice) => (
              <option key={choice.id} value={`share:${choice.id}`}>
                {text.mapShare(choice.name)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="map-box" style={{ aspectRatio: `${shapes.shapes.width} / ${shapes.shapes.height}` }}>
        <svg
          ref={svg}
          viewBox={`-2 -2 ${shapes.shapes.width + 4} ${shapes.shapes.height + 4}`}
          role="img"
          aria-label={text.mapLabel(contest.name, scope.value!.unit.name, name)}
          class={known.list.length > 500 ? 'fine' : ''}
          onPointerMove={show}
          onPointerLeave={() => {
            tip.current!.hidden = true;
          }}
          onClick={(e) => {
            const unit = (e.target as Element).closest<SVGPathElement>('path[data-unit]')?.dataset.unit;
            if (unit) location.hash = toUnit(unit).slice(1);
          }}
        />
        <div class="tip" ref={tip} hidden aria-hidden="true" />
      </div>
      <Legend contest={contest} data={data} scale={scale} />
      <p class="aside">
        <a
          href="#places"
          onClick={(e) => {
            e.preventDefault();
            const table = document.getElementById('places');
            table?.scrollIntoView();
            table?.focus();
          }}
        >
          {text.mapTable}
        </a>
        {shapes.shapes.missing > 0 && ` · ${text.mapMissing(number(shapes.shapes.missing))}`}
      </p>
    </section>
  );
}
