// The state of every shard, and how long a count takes to the screen.
import { computed, effect, signal } from '@preact/signals';
import { number, seconds } from '../../format.ts';
import { connected, delay, mode } from '../../live.ts';
import { silentSince } from '../../api/fetch.ts';
import type { Shard } from '../../api/types.ts';
import { settled, shards, trouble } from '../../state.ts';
import { text } from '../../text/index.ts';

// No news comes of a shard that is silent, or while nobody sends any: ages are counted on here.
const now = signal(0);
const away = computed(() => trouble.value !== null && trouble.value.kind !== 'missing');
effect(() => {
  if (connected.value && !away.value && !shards.value?.list.some((s) => s.stale)) return undefined;
  const timer = setInterval(() => {
    now.value = Date.now();
  }, 1000);
  return () => clearInterval(timer);
});

const FRESH_MS = 15_000; // unheard of for longer, nothing is said to be current

// Since the answer that says how old a shard's state is.
function sinceMs(at: number, shard: Shard): number {
  return connected.value && !away.value && !shard.stale ? 0 : Math.max(0, now.value - at);
}

function wordOf(at: number, shard: Shard): string {
  if (shard.diverged) return text.diverged;
  if (shard.stale) return text.staleWord;
  return away.value || sinceMs(at, shard) > FRESH_MS ? text.unconfirmed : text.current;
}

export function Health() {
  const known = shards.value;
  if (!known || (silentSince && settled.value)) return null; // nobody need confirm what is over
  const stream = mode.value !== 'live' ? text.stream.off : connected.value ? text.stream.live : text.stream.away;
  const epoch = Math.max(0, ...known.list.map((s) => s.epoch));
  return (
    <section class="health">
      <h3>{text.health}</h3>
      <p>
        {away.value ? text.healthAway : text.healthWhy} {stream}{' '}
        {delay.value &&
          !away.value &&
          text.delay(number(Math.round(delay.value.p50)), number(Math.round(delay.value.p99)))}
      </p>
      {epoch > 1 && (
        <p>
          <strong>{text.restored(epoch)}</strong>
        </p>
      )}
      <ul class="strip">
        {known.list.map((s) => (
          <li key={s.shard} class={wordOf(known.at, s) === text.current ? '' : 'bad'}>
            <strong>
              {text.shard} {s.shard}
            </strong>
            <span>{wordOf(known.at, s)}</span>
            <small>
              {s.leader === null ? text.leaderless : text.leaderIs(s.leader)} · {text.shardIndex} {number(s.index)}
              {s.behind > 0 && ` · ${text.shardBehind} ${number(s.behind)}`} ·{' '}
              {s.age_ms === null ? text.never : text.ago(seconds(s.age_ms + sinceMs(known.at, s)))}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
