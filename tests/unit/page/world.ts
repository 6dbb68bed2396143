// The little of a browser that the page's modules ask for when they are loaded, and elements
// whose text can be read. Imported first by every test.
class Leaf {
  parentNode: Branch | null = null;
  nodeType = 3;
  constructor(public data: string) {}
  get nextSibling(): Leaf | null {
    const among = this.parentNode?.childNodes ?? [];
    return among[among.indexOf(this) + 1] ?? null;
  }
  get previousSibling(): Leaf | null {
    const among = this.parentNode?.childNodes ?? [];
    return among[among.indexOf(this) - 1] ?? null;
  }
  get textContent(): string {
    return this.data;
  }
  get ownerDocument(): unknown {
    return (globalThis as { document?: unknown }).document;
  }
  remove(): void {
    this.parentNode?.removeChild(this);
  }
}

class Branch extends Leaf {
  override nodeType = 1;
  childNodes: Leaf[] = [];
  attributes: Record<string, string> = {};
  style = { setProperty() {}, cssText: '' } as unknown as CSSStyleDeclaration;
  namespaceURI: string;
  localName: string;
  constructor(name: string, namespace = 'http://www.w3.org/1999/xhtml') {
    super('');
    this.localName = name;
    this.namespaceURI = namespace;
  }
  get nodeName(): string {
    return this.localName.toUpperCase();
  }
  get firstChild(): Leaf | null {
    return this.childNodes[0] ?? null;
  }
  override get textContent(): string {
    return this.childNodes.map((node) => node.textContent).join('');
  }
  insertBefore(node: Leaf, before: Leaf | null): Leaf {
    node.remove();
    const at = before ? this.childNodes.indexOf(before) : -1;
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, node);
    node.parentNode = this;
    return node;
  }
  appendChild(node: Leaf): Leaf {
    return this.insertBefore(node, null);
  }
  removeChild(node: Leaf): Leaf {
    this.childNodes = this.childNodes.filter((one) => one !== node);
    node.parentNode = null;
    return node;
  }
  contains(node: Leaf | null): boolean {
    for (let at: Leaf | null = node; at; at = at.parentNode) if (at === this) return true;
    return false;
  }
  setAttribute(name: string, value: string): void {
    this.attributes[name] = String(value);
  }
  removeAttribute(name: string): void {
    delete this.attributes[name];
  }
  getAttribute(name: string): string | null {
    return this.attributes[name] ?? null;
  }
  addEventListener(): void {}
  removeEventListener(): void {}
  querySelector(): null {
    return null;
  }
  /** Every element of this name below, in order. */
  all(name: string): Branch[] {
    return this.childNodes.flatMap((node) =>
      node instanceof Branch ? [...(node.localName === name ? [node] : []), ...node.all(name)] : [],
    );
  }
}
export type Element = Branch;

const html = new Branch('html');
const world: Record<string, unknown> = {
  document: Object.assign(new Branch('#document'), {
    documentElement: html,
    body: new Branch('body'),
    head: new Branch('head'),
    hidden: false,
    createElement: (name: string) => new Branch(name),
    createElementNS: (namespace: string, name: string) => new Branch(name, namespace),
    createTextNode: (data: string) => new Leaf(data),
  }),
  location: new URL('http://page.test/?lang=en#/'),
  navigator: { languages: ['en-US'], language: 'en-US', onLine: true },
  window: globalThis,
  addEventListener: () => {},
  removeEventListener: () => {},
  matchMedia: () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }),
  localStorage: { getItem: () => null, setItem: () => {}, removeItem: () => {} },
  requestAnimationFrame: (run: () => void) => setTimeout(run, 0),
  cancelAnimationFrame: (id: ReturnType<typeof setTimeout>) => clearTimeout(id),
  fetch: () => Promise.reject(new Error('nobody answers')),
  Node: Leaf,
  Element: Branch,
};
// Node.js has some of them, as getters.
for (const [name, value] of Object.entries(world))
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

export const test = (name: string, run: () => void | Promise<void>): void => {
  (globalThis as unknown as { psephosTests: { name: string; run: typeof run }[] }).psephosTests.push({ name, run });
};

export function equal(is: unknown, wanted: unknown, what = ''): void {
  const [a, b] = [JSON.stringify(is), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what && `${what}: `}${a}, not ${b}`);
}
// Up to what a binary fraction cannot say.
export function near(is: number, wanted: number, what = ''): void {
  if (!(Math.abs(is - wanted) < 1e-9)) throw new Error(`${what && `${what}: `}${is}, not ${wanted}`);
}
export function has(text: string, wanted: string): void {
  if (!text.includes(wanted)) throw new Error(`"${text}" has no "${wanted}"`);
}
export function lacks(text: string, unwanted: string): void {
  if (text.includes(unwanted)) throw new Error(`"${text}" has "${unwanted}"`);
}
