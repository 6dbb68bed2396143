// `?embed=1&contest=…`: one contest in a frame of somebody else's page. It asks now and then
// instead of holding a stream, and tells the page around it how high it is.
const asked = new URLSearchParams(location.search);

export const embedded: boolean = asked.get('embed') === '1';
/** The contest that the address names, where the part after # names none. */
export const askedContest: string = embedded ? (asked.get('contest') ?? '') : '';

/** The same contest on the whole page, in the same language. */
export function wholePage(hash: string): string {
  const lang = asked.get('lang');
  return `${location.pathname}${lang ? `?lang=${encodeURIComponent(lang)}` : ''}${hash}`;
}

/** Only a height, to whoever shows the page: there is nothing secret in it. */
export function tellHeight(): void {
  if (!embedded || parent === window) return;
  let told = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    parent.postMessage({ type: 'psephos-height', height }, '*');
  }).observe(document.body);
}
