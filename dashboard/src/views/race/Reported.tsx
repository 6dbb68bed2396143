// Which report the votes of the place are of, where votes are shown by report.
import { number, timeThere } from '../../format.ts';
import { byReport, turnout } from '../../state.ts';
import { text } from '../../text/index.ts';

export function Reported() {
  const turn = turnout.value;
  if (!byReport.value || !turn || (!turn.report && !turn.report_under_way)) return null;
  const { report } = turn;
  const at = report?.at ? timeThere(report.at) : '';
  const waiting = turn.ballots_counted === null ? 0 : turn.ballots_counted - turn.ballots;
  return (
    <p class="reported">
      {report && text.reportIs(number(report.number), at, report.final)}{' '}
      {report && waiting > 0 && text.reportWaiting(waiting)}{' '}
      {turn.report_under_way && <strong>{text.reportUnderWay}</strong>}
    </p>
  );
}
