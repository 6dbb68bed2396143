// The state of every shard, and how long a count takes to the screen.
import { effect, signal } from '@preact/signals';
import { number, seconds } from '../../format.ts';
import { connected, delay, mode } from '../../live.ts';
import { shards } from '../../state.ts';
import { text } from '../../text/index.ts';

// No news comes of a shard that is silent: its age is counted on here.
const now = signal(0);
effect(() => {
  if (!shards.value?.list.some((s) => s.stale)) return undefined;
  const timer = setInterval(() => {
    now.value = Date.now();
  }, 1000);
  return () => clearInterval(timer);
});

export function Health() {
  const known = shards.value;
  if (!known) return null;
  const stream = mode.value !== 'live' ? text.stream.off : connected.value ? text.stream.live : text.stream.away;
  const epoch = Math.max(0, ...known.list.map((s) => s.epoch));
  return (
    <section class="health">
      <h3>{text.health}</h3>
      <p>
        {text.healthWhy} {stream}{' '}
        {delay.value && text.delay(number(Math.round(delay.value.p50)), number(Math.round(delay.value.p99)))}
      </p>
      {epoch > 1 && (
        <p>
          <strong>{text.restored(epoch)}</strong>
        </p>
      )}
      <ul class="strip">
        {known.list.map((s) => (
          <li key={s.shard} class={s.diverged || s.stale ? 'bad' : ''}>
            <strong>
              {text.shard} {s.shard}
            </strong>
            <span>{s.diverged ? text.diverged : s.stale ? text.staleWord : text.current}</span>
            <small>
              {s.leader === null ? text.leaderless : text.leaderIs(s.leader)} · {text.shardIndex} {number(s.index)}
              {s.behind > 0 && ` · ${text.shardBehind} ${number(s.behind)}`} ·{' '}
              {s.age_ms === null
                ? text.never
                : text.ago(seconds(s.age_ms + (s.stale ? Math.max(0, now.value - known.at) : 0)))}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
