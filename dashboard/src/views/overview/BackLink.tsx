// Back from a contest or a place to the whole election.
import { text } from '../../text/index.ts';

export function BackLink() {
  return (
    <a class="back" href="#/">
      <span aria-hidden="true">‹ </span>
      {text.overview}
    </a>
  );
}
