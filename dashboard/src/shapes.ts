// Map shapes as SVG paths, joined to units. They come with the election
// definition or, for the United States, with the page. Loaded when first shown.
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

const stateCode = (unit: Unit): string =>
  /^\d\d$/.test(unit.code) ? unit.code : (fips.get((unit.code || unit.id).slice(-2).toUpperCase()) ?? '');

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

function build(
  topology: Topology,
  objectName: string,
  codeOf: Map<string, string>,
  around: string | null,
): Shapes | null {
  const object = topology.objects[objectName] as GeometryCollection | undefined;
  if (!object) return null;
  const own = { ...object, geometries: object.geometries.filter((g) => codeOf.has(String(g.id))) };
  const features = feature(topology as Topology<Objects>, own).features;
  const joined = new Set(features.map((f) => String(f.id))).size;
  if (joined < codeOf.size * JOINED_MIN) return null;
  const project = projection(features.flatMap((f) => rings(f.geometry)));
  const paths = new Map<string, string>();
  for (const f of features) {
    const unit = codeOf.get(String(f.id))!;
    paths.set(unit, (paths.get(unit) ?? '') + path(rings(f.geometry), project, true));
  }
  const outer = around ? (topology.objects[around] as GeometryCollection | undefined) : undefined;
  const borders = outer ? path(rings(mesh(topology, outer, (a, b) => a !== b)), project, false) : '';
  return { width: WIDTH, height: project.box![3], paths, borders, missing: codeOf.size - joined };
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

async function fromDefinition(map: MapOf, units: Unit[]): Promise<Shapes | null> {
  const topology = await load(await mapAddress());
  if (!topology) return null;
  const value = (unit: Unit) => String((unit as unknown as Record<string, unknown>)[map.key] ?? '');
  const around = Object.keys(topology.objects).find((name) => name !== map.object && /^states?$/.test(name)) ?? null;
  return build(topology, map.object, new Map(units.map((u) => [value(u), u.id])), units.length > 100 ? around : null);
}

async function fromPage(level: string, units: Unit[]): Promise<Shapes | null> {
  const codes = new Map(units.map((u) => [level === 'state' ? stateCode(u) : u.code, u.id]));
  codes.delete('');
  if (level === 'state') {
    const topology = codes.size > 1 ? await load('map/states.json') : null;
    return topology && build(topology, 'units', codes, null);
  }
  if (level !== 'county' || ![...codes.keys()].every((code) => /^\d{5}$/.test(code))) return null;
  const states = new Set([...codes.keys()].map((code) => code.slice(0, 2)));
  const topology = await load(states.size === 1 ? `map/counties-${[...states][0]}.json` : 'map/counties.json');
  return topology && build(topology, 'units', codes, states.size === 1 ? null : 'around');
}

export async function shapesOf(map: MapOf | null, level: string, units: Unit[]): Promise<Shapes | null> {
  return (map && (await fromDefinition(map, units))) ?? fromPage(level, units);
}
