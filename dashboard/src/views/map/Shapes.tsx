// The shapes on the screen: paths are made once for a set of shapes; an update only
// changes the colours of what changed, so that 3,160 counties stay smooth.
import { useEffect, useRef } from 'preact/hooks';
import type { Unit } from '../../api/types.ts';
import { toUnit } from '../../route.ts';
import type { Shapes as Paths } from '../../shapes.ts';
import type { Fill } from './fill.ts';

const SVG = 'http://www.w3.org/2000/svg';

function draw(svg: SVGSVGElement, shapes: Paths): Map<string, SVGPathElement> {
  const made = new Map<string, SVGPathElement>();
  const group = document.createElementNS(SVG, 'g');
  for (const [unit, d] of shapes.paths) {
    const element = document.createElementNS(SVG, 'path');
    element.setAttribute('d', d);
    element.dataset.unit = unit;
    group.append(element);
    made.set(unit, element);
  }
  const borders = document.createElementNS(SVG, 'path');
  borders.setAttribute('d', shapes.borders);
  borders.setAttribute('class', 'borders');
  svg.replaceChildren(group, borders);
  return made;
}

const unitAt = (event: Event): string | undefined =>
  (event.target as Element).closest<SVGPathElement>('path[data-unit]')?.dataset.unit;

interface Drawn {
  shapes: Paths;
  paths: Map<string, SVGPathElement>;
  fills: Map<string, Fill>;
}

function paint({ paths, fills }: Drawn, list: Unit[], fillAt: (i: number) => Fill): void {
  list.forEach((unit, i) => {
    const element = paths.get(unit.id);
    if (!element) return;
    const fill = fillAt(i),
      old = fills.get(unit.id);
    if (old?.color !== fill.color) element.style.fill = fill.color;
    if (old?.opacity !== fill.opacity) element.style.fillOpacity = fill.opacity.toFixed(2);
    fills.set(unit.id, fill);
  });
}

interface ShapesOf {
  shapes: Paths;
  list: Unit[];
  fillAt: (i: number) => Fill; // another function when, and only when, colours may have changed
  label: string;
}

export function Shapes({ shapes, list, fillAt, label }: ShapesOf) {
  const svg = useRef<SVGSVGElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  useEffect(() => {
    if (!svg.current) return;
    if (drawn.current?.shapes !== shapes)
      drawn.current = { shapes, paths: draw(svg.current, shapes), fills: new Map() };
    paint(drawn.current, list, fillAt);
  }, [shapes, list, fillAt]);

  const show = (event: PointerEvent) => {
    const unit = unitAt(event);
    const fill = unit ? drawn.current?.fills.get(unit) : undefined;
    const box = tip.current!;
    box.hidden = !fill;
    if (!fill) return;
    box.textContent = fill.label;
    const area = svg.current!.getBoundingClientRect();
    box.style.left = `${Math.min(Math.max(event.clientX - area.left, 60), area.width - 60)}px`;
    box.style.top = `${event.clientY - area.top}px`;
  };
  return (
    <div class="map-box" style={{ aspectRatio: `${shapes.width} / ${shapes.height}` }}>
      <svg
        ref={svg}
        viewBox={`-2 -2 ${shapes.width + 4} ${shapes.height + 4}`}
        role="img"
        aria-label={label}
        class={list.length > 500 ? 'fine' : ''}
        onPointerMove={show}
        onPointerLeave={() => {
          tip.current!.hidden = true;
        }}
        onClick={(e) => {
          const unit = unitAt(e);
          if (unit) location.hash = toUnit(unit).slice(1);
        }}
      />
      <div class="tip" ref={tip} hidden aria-hidden="true" />
    </div>
  );
}
