// The map of the units that are listed: who leads in each, or a share.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Contest } from '../../api/types.ts';
import { number } from '../../format.ts';
import { go, route } from '../../route.ts';
import type { Shapes as Paths } from '../../shapes.ts';
import { election, leaders, level, ranking, scope, units } from '../../state.ts';
import { text } from '../../text/index.ts';
import { fillOf, scaleOf } from './fill.ts';
import { Legend } from './Legend.tsx';
import { Shapes } from './Shapes.tsx';

const RACING_MAX = 8; // choices whose share the map can show

// The shapes of the units that are listed, once they are there.
function useShapes(): Paths | null {
  const known = units.value,
    at = level.value;
  const [found, setFound] = useState<{ key: string; shapes: Paths } | null>(null);
  useEffect(() => {
    let wanted = true;
    if (known && at && known.list.length > 0)
      void import('../../shapes.ts') // with topojson: only once there is a list
        .then(({ shapesOf }) => shapesOf(election.value?.election.map ?? null, at, known.list, known.above))
        .then(
          (shapes) => {
            if (wanted) setFound(shapes && { key: known.key, shapes });
          },
          () => {}, // not loaded: the table has the same figures
        );
    return () => {
      wanted = false;
    };
  }, [known, at]);
  return found && found.key === known?.key ? found.shapes : null;
}

function nameOf(contest: Contest, by: string): string {
  if (by === 'turnout') return text.mapTurnout;
  if (!by.startsWith('share:')) return text.mapLeader;
  return text.mapShare(contest.choices.find((c) => `share:${c.id}` === by)?.name ?? '');
}

function Head({ by }: { by: string }) {
  const hasTurnout = units.value!.list.some((u) => u.registered);
  return (
    <div class="map-head">
      <h3>{text.map}</h3>
      <label>
        {text.mapBy}{' '}
        <select value={by} onChange={(e) => go({ map: e.currentTarget.value })}>
          <option value="leader">{text.mapLeader}</option>
          {hasTurnout && <option value="turnout">{text.mapTurnout}</option>}
          {ranking.value.slice(0, RACING_MAX).map((choice) => (
            <option key={choice.id} value={`share:${choice.id}`}>
              {text.mapShare(choice.name)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Foot({ missing }: { missing: number }) {
  return (
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
      {missing > 0 && ` · ${text.mapMissing(number(missing))}`}
    </p>
  );
}

export function Map_({ contest }: { contest: Contest }) {
  const known = units.value,
    data = leaders.value,
    shapes = useShapes();
  const asked = route.value.map;
  const by = asked === 'turnout' || contest.choices.some((c) => asked === `share:${c.id}`) ? asked : 'leader';
  const usable =
    known &&
    data &&
    shapes &&
    data.unit === scope.value?.below.id &&
    data.contest === contest.id &&
    data.leader.length === known.list.length;
  const colors = useMemo(() => {
    if (!usable) return null;
    const scale = scaleOf(by, data, known.list);
    return { scale, fillAt: (i: number) => fillOf(contest, data, known.list, scale, i) };
  }, [usable, known, data, by, contest]);
  if (!usable || !colors) return null;
  return (
    <section class="map">
      <Head by={by} />
      <Shapes
        shapes={shapes}
        list={known.list}
        fillAt={colors.fillAt}
        label={text.mapLabel(contest.name, scope.value!.unit.name, nameOf(contest, by))}
      />
      <Legend contest={contest} data={data} scale={colors.scale} />
      <Foot missing={shapes.missing} />
    </section>
  );
}
