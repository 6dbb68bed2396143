// One contest at one place: who leads, how far it is counted, what changed.
import type { Contest } from '../../api/types.ts';
import { held, lines } from '../../race.ts';
import { shown } from '../../state.ts';
import { Bars } from './Bars.tsx';
import { Changes } from './Changes.tsx';
import { Figures } from './Figures.tsx';
import { Leaders } from './Leaders.tsx';
import { Parties } from './Parties.tsx';
import { Reported } from './Reported.tsx';

export function Race({ contest }: { contest: Contest }) {
  const now = shown.value;
  const ordered = lines(contest, now);
  return (
    <>
      <Leaders contest={contest} ordered={ordered} held={held(now)} />
      <Reported />
      {now && <Figures contest={contest} ordered={ordered} now={now} />}
      {now && <Changes contest={contest} ordered={ordered} now={now} />}
    </>
  );
}

export function Choices({ contest }: { contest: Contest }) {
  const now = shown.value;
  const ordered = lines(contest, now);
  return (
    <div class="choices">
      <Bars contest={contest} ordered={ordered} now={now} />
      <Parties contest={contest} ordered={ordered} />
    </div>
  );
}
