// Map shapes as SVG paths, joined to units by code, else by name within their parent. They
// come with the election definition or, for the United States, with the page. Loaded when
// first shown; without a match there is no map, and the console says why.
import { feature, mesh } from 'topojson-client';
import type { Topology, GeometryCollection, Objects } from 'topojson-specification';
import { mapAddress } from './api/fetch.ts';
import type { MapOf, Unit } from './api/types.ts';

export interface Shapes {
  width: number;
  height: number;
  paths: Map<string, string>;
  borders: string;
  missing: number;
}

type Ring = [number, number][];
type Project = (x: number, y: number) => [number, number];
const WIDTH = 960;
const JOINED_MIN = 0.5; // of the units; else it is not their map

const USPS =
  'AL01 AK02 AZ04 AR05 CA06 CO08 CT09 DE10 DC11 FL12 GA13 HI15 ID16 IL17 IN18 IA19 KS20 KY21 LA22 ME23 MD24 MA25 MI26 MN27 MS28 MO29 MT30 NE31 NV32 NH33 NJ34 NM35 NY36 NC37 ND38 OH39 OK40 OR41 PA42 RI44 SC45 SD46 TN47 TX48 UT49 VT50 VA51 WA53 WV54 WI55 WY56';
const fips = new Map(USPS.split(' ').map((s) => [s.slice(0, 2), s.slice(2)]));

// A state of the United States, by FIPS or postal code or, where it says neither, by an ID
// that is a postal code: never by how a name ends.
function stateCode(unit: Unit | undefined): string {
  if (!unit) return '';
  if (/^\d\d$/.test(unit.code)) return unit.code;
  const [, postal] = /^(?:us-)?([a-z]{2})$/i.exec(unit.code || unit.id) ?? [];
  return fips.get(postal?.toUpperCase() ?? '') ?? '';
}

function rings(geometry: GeoJSON.Geometry | null): Ring[] {
  if (geometry?.type === 'Polygon') return geometry.coordinates as Ring[];
  if (geometry?.type === 'MultiPolygon') return (geometry.coordinates as Ring[][]).flat();
  if (geometry?.type === 'MultiLineString') return geometry.coordinates as Ring[];
  return [];
}

// Degrees get narrower towards the pole; a shape already projected stays as it is.
function projection(all: Ring[]): Project & { box?: [number, number, number, number] } {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of all)
    for (const [x, y] of ring) {
      west = Math.min(west, x);
      east = Math.max(east, x);
      south = Math.min(south, y);
      north = Math.max(north, y);
    }
  const degrees = west >= -180 && east <= 180 && south >= -90 && north <= 90;
  const squeeze = degrees ? Math.cos((((south + north) / 2) * Math.PI) / 180) : 1;
  const scale = WIDTH / Math.max(1e-9, (east - west) * squeeze);
  const project: Project & { box?: [number, number, number, number] } = (x, y) => [
    (x - west) * squeeze * scale,
    (degrees ? north - y : y - south) * scale,
  ];
  project.box = [0, 0, WIDTH, (north - south) * scale];
  return project;
}

const path = (all: Ring[], project: Project, close: boolean): string =>
  all
    .map(
      (ring) =>
        `M${ring
          .map(([x, y]) => {
            const [a, b] = project(x, y);
            return `${a.toFixed(1)},${b.toFixed(1)}`;
          })
          .join('L')}${close ? 'Z' : ''}`,
    )
    .join('');

// ---- which unit a shape is ----

type Geometry = GeometryCollection['geometries'][number];
interface Join {
  units: Unit[];
  parents: Map<string, Unit>;
  codeOf: (unit: Unit) => string;
  // Whether the shape lies in the unit's parent; undefined: the shape does not say.
  within: (shape: Geometry, parent: Unit | undefined) => boolean | undefined;
}

// As people write them: Saint Clair County is St. Clair.
const plain = (name: string): string =>
  name
    .normalize('NFD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/\b(county|parish|borough)$/, '')
    .replace(/\bst\b/, 'saint')
    .replace(/[^\p{L}\p{N}]/gu, '');
const nameOf = (shape: Geometry): string => {
  const said = shape.properties as Record<string, unknown> | undefined;
  return plain(String(said?.name ?? said?.NAME ?? ''));
};

// By code; a unit whose code no shape has, by a name that is only one shape's and only one
// unit's there.
function join(shapes: Geometry[], { units, parents, codeOf, within }: Join): Map<Geometry, string> {
  const byCode = new Map(units.map((unit) => [codeOf(unit), unit.id]));
  byCode.delete('');
  const joined = new Map<Geometry, string>();
  for (const shape of shapes) {
    const unit = byCode.get(String(shape.id ?? ''));
    if (unit !== undefined) joined.set(shape, unit);
  }
  const done = new Set(joined.values());
  const byName = new Map<string, Geometry[]>();
  for (const shape of shapes)
    if (!joined.has(shape) && nameOf(shape)) byName.set(nameOf(shape), [...(byName.get(nameOf(shape)) ?? []), shape]);
  const wanted = new Map<Geometry, string[]>();
  for (const unit of units) {
    if (done.has(unit.id)) continue;
    const parent = parents.get(unit.parent ?? '');
    const found = (byName.get(plain(unit.name)) ?? []).filter((shape) => within(shape, parent) !== false);
    if (found.length === 1) wanted.set(found[0]!, [...(wanted.get(found[0]!) ?? []), unit.id]);
  }
  for (const [shape, ids] of wanted) if (ids.length === 1) joined.set(shape, ids[0]!);
  return joined;
}

function build(topology: Topology, objectName: string, how: Join, around: string | null): Shapes | string {
  const object = topology.objects[objectName] as GeometryCollection | undefined;
  if (!object) return `its map has no object "${objectName}"`;
  const units = join(object.geometries, how);
  const joined = new Set(units.values()).size;
  if (joined < 2 || joined < how.units.length * JOINED_MIN)
    return `${joined} of ${how.units.length} units have a shape of their code, or of their name within their parent`;
  const own = { ...object, geometries: [...units].map(([shape, unit]) => ({ ...shape, id: unit })) };
  const features = feature(topology as Topology<Objects>, own as GeometryCollection).features;
  const project = projection(features.flatMap((f) => rings(f.geometry)));
  const paths = new Map<string, string>();
  for (const f of features) {
    const unit = String(f.id);
    paths.set(unit, (paths.get(unit) ?? '') + path(rings(f.geometry), project, true));
  }
  const outer = around ? (topology.objects[around] as GeometryCollection | undefined) : undefined;
  const borders = outer ? path(rings(mesh(topology, outer, (a, b) => a !== b)), project, false) : '';
  return { width: WIDTH, height: project.box![3], paths, borders, missing: how.units.length - joined };
}

const files = new Map<string, Promise<Topology | null>>();
function load(url: string): Promise<Topology | null> {
  let file = files.get(url);
  if (!file) {
    file = fetch(url)
      .then((r) => (r.ok ? (r.json() as Promise<Topology>) : null))
      .catch(() => {
        files.delete(url);
        return null;
      });
    files.set(url, file);
  }
  return file;
}

// A shape says where it lies by a property that is a parent's name, code or ID.
function liesIn(parents: Map<string, Unit>): Join['within'] {
  const words = (unit: Unit) => [unit.name, unit.code, unit.id].filter(Boolean).map(plain);
  const known = new Set([...parents.values()].flatMap(words));
  return (shape, parent) => {
    const said = Object.entries(shape.properties ?? {}).filter(([key]) => !/^name$/i.test(key));
    const places = said.map(([, value]) => plain(String(value))).filter((word) => known.has(word));
    return places.length === 0 || !parent ? undefined : words(parent).some((word) => places.includes(word));
  };
}

async function fromDefinition(map: MapOf, units: Unit[], parents: Map<string, Unit>): Promise<Shapes | string> {
  const topology = await load(await mapAddress());
  if (!topology) return 'its map cannot be loaded';
  const codeOf = (unit: Unit) => String((unit as unknown as Record<string, unknown>)[map.key] ?? '');
  const around = Object.keys(topology.objects).find((name) => name !== map.object && /^states?$/.test(name)) ?? null;
  const how = { units, parents, codeOf, within: liesIn(parents) };
  return build(topology, map.object, how, units.length > 100 ? around : null);
}

// Of the United States: their states, and counties of one state or of all.
async function fromPage(level: string, units: Unit[], parents: Map<string, Unit>): Promise<Shapes | string> {
  if (level === 'state') {
    const topology = units.length > 1 ? await load('map/states.json') : null;
    if (!topology) return 'there is no map of one state in its nation';
    return build(topology, 'units', { units, parents, codeOf: stateCode, within: () => undefined }, null);
  }
  if (level !== 'county') return `the page has none of the level "${level}"`;
  const stateOf = (unit: Unit) =>
    /^\d{5}$/.test(unit.code) ? unit.code.slice(0, 2) : stateCode(parents.get(unit.parent ?? ''));
  const states = new Set(units.map(stateOf).filter(Boolean));
  if (states.size === 0) return 'its counties have neither codes nor a state of the United States above them';
  const topology = await load(states.size === 1 ? `map/counties-${[...states][0]}.json` : 'map/counties.json');
  if (!topology) return 'the shapes of its counties cannot be loaded';
  const within: Join['within'] = (shape, parent) => String(shape.id).slice(0, 2) === stateCode(parent);
  const how = { units, parents, codeOf: (unit: Unit) => (/^\d{5}$/.test(unit.code) ? unit.code : ''), within };
  return build(topology, 'units', how, states.size === 1 ? null : 'around');
}

const told = new Set<string>();
function say(why: string): null {
  if (!told.has(why)) console.info(why);
  told.add(why);
  return null;
}

// `parents`: the units above those listed, by ID. null: no map, and the console says why, once.
export async function shapesOf(
  map: MapOf | null,
  level: string,
  units: Unit[],
  parents: Map<string, Unit>,
): Promise<Shapes | null> {
  const own = map ? await fromDefinition(map, units, parents) : null;
  if (own && typeof own !== 'string') return own;
  const given = await fromPage(level, units, parents);
  if (typeof given !== 'string') return given;
  return say(`no map of ${units.length} units of level "${level}": ${own ?? given}`);
}
