// Seats led, as one bar with the line of a majority; the list below it has the figures.
import type { Group } from '../../api/types.ts';
import { hueOf, wantHues } from '../../colors.ts';
import { number } from '../../format.ts';
import type { Block } from './seats.ts';
import { text } from '../../text/index.ts';
import { parties, partyName } from '../parts.tsx';

const NAMED_MAX = 8; // blocks with a line of their own; the rest stand together
const PARTIES_MAX = 4; // of an alliance, named

const colorOf = (block: Block): string => hueOf(parties(), block.parties[0]!.party);

// Of an alliance: who in it leads how many.
function Parties({ block }: { block: Block }) {
  if (block.parties.length < 2) return null;
  const named = block.parties.slice(0, PARTIES_MAX).map((p) => `${partyName(p.party)} ${number(p.seats)}`);
  return (
    <small>
      {' '}
      {named.join(', ')}
      {block.parties.length > PARTIES_MAX && ' …'}
    </small>
  );
}

export function Balance({ group, blocks }: { group: Group; blocks: Block[] }) {
  const named = blocks.length > NAMED_MAX + 1 ? blocks.slice(0, NAMED_MAX) : blocks;
  wantHues(
    parties(),
    named.map((block) => block.parties[0]!.party),
  );
  const rest = blocks.slice(named.length).reduce((sum, block) => sum + block.seats, 0);
  const majority = group.majority ?? 0;
  const most = blocks[0];
  return (
    <div class="balance">
      <div class="split" aria-hidden="true">
        {named.map((block) => (
          <span key={block.key} style={{ flexGrow: block.seats, background: colorOf(block) }} />
        ))}
        {rest > 0 && <span class="rest" style={{ flexGrow: rest }} />}
        <span class="nobody" style={{ flexGrow: group.undecided }} />
        <i style={{ insetInlineStart: `${(100 * majority) / group.seats_total}%` }} />
      </div>
      <p class="majority">
        {text.seatsInAll(group.seats_total)} · {text.majorityIs(number(majority))}
        {most && most.seats >= majority && most.name !== null && (
          <strong> · {text.majorityLed(most.name, number(most.seats))}</strong>
        )}
      </p>
      <ul class="legend" aria-label={text.seatsLed}>
        {named.map((block) => (
          <li key={block.key}>
            <span class="swatch" aria-hidden="true" style={{ background: colorOf(block) }} />
            <span>
              {block.name ?? text.noParty} <strong>{number(block.seats)}</strong>
              <Parties block={block} />
            </span>
          </li>
        ))}
        {rest > 0 && (
          <li>
            <span class="swatch rest" aria-hidden="true" />
            <span>
              {text.otherParties} <strong>{number(rest)}</strong>
            </span>
          </li>
        )}
        {group.undecided > 0 && (
          <li>
            <span class="swatch nobody" aria-hidden="true" />
            <span>
              {text.ledByNobody} <strong>{number(group.undecided)}</strong>
            </span>
          </li>
        )}
      </ul>
    </div>
  );
}
