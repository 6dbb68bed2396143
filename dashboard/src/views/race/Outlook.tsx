// Whether what is still out can change who leads, as one sentence.
import type { Contest } from '../../api/types.ts';
import { percent, percentIn } from '../../format.ts';
import type { Outlook as View } from '../../race.ts';
import { byReport, state } from '../../state.ts';
import { text } from '../../text/index.ts';

const HARD = 0.9; // a share of the rest that nobody has yet had in earnest
// Words of the figure of ballots only where the number is the figure's.
function outOf({ out, estimated, ballots }: View): string {
  const say = !ballots && state.value !== 'closed' ? text.outVoters : byReport.value ? text.outReport : text.outBallots;
  return say(out, estimated);
}

function sentence(view: View): string {
  const margin = view.margin,
    out = outOf(view),
    name = view.below?.name ?? '';
  // A share that must be more than half is not rounded to half.
  const needed = view.needed > 0.5 && view.needed < 0.5005 ? text.justOver(percentIn(0.5)) : percent(view.needed);
  switch (view.kind) {
    case 'unknown':
      return text.changeUnknown;
    case 'none':
      return text.changeNone(view.estimated);
    case 'tied':
      return text.changeTied(out);
    case 'open':
      return view.needed > HARD
        ? text.changeHard(margin, out, needed, name)
        : text.changeOpen(margin, out, needed, name);
    case 'beyond':
      return text.changeBeyond(margin, out, view.estimated);
  }
}

export function Outlook({ contest, view }: { contest: Contest; view: View }) {
  return (
    <p class="outlook">
      <strong>{text.change}</strong>{' '}
      {contest.seats > 1 && view.above && view.below && `${text.changePlaces(view.above.name, view.below.name)} `}
      {sentence(view)}
    </p>
  );
}
