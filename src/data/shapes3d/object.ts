import type { ShapeName } from "./factors.ts";

/** Where a ray met the object: distance along it and the surface's unit normal. Reused: allocates nothing. */
export interface Hit {
  t: number;
  nx: number;
  ny: number;
  nz: number;
}

/**
 * Whether the ray o + t d, |d| = 1, meets a solid that stands on the floor y = 0 about the y axis; where it
 * does, `hit` is filled in.
 */
export type Intersect = (
  ox: number,
  oy: number,
  oz: number,
  dx: number,
  dy: number,
  dz: number,
  hit: Hit,
) => boolean;

export interface Solid {
  readonly intersect: Intersect;
  readonly height: number;
  /** Radius of a sphere about (0, height / 2, 0) that holds the solid. */
  readonly bound: number;
  /** Distance on the floor from (x, z) to where the solid touches it; 0 beneath it. */
  floorDistance(x: number, z: number): number;
}

const EPSILON = 1e-6;

/** The solid of a shape; `scale` 1 is about one unit wide and high. */
export function solidOf(shape: ShapeName, scale: number): Solid {
  switch (shape) {
    case "cube":
      return cube(0.44 * scale);
    case "cylinder":
      return cylinder(0.46 * scale, 0.95 * scale);
    case "sphere":
      return capsule(0.54 * scale, 1.08 * scale);
    case "capsule":
      return capsule(0.36 * scale, 1.3 * scale);
  }
}

function cube(half: number): Solid {
  const intersect: Intersect = (ox, oy, oz, dx, dy, dz, hit) => {
    const tx = (-Math.sign(dx || 1) * half - ox) / (dx || EPSILON);
    const ty = (half - Math.sign(dy || 1) * half - oy) / (dy || EPSILON);
    const tz = (-Math.sign(dz || 1) * half - oz) / (dz || EPSILON);
    const near = Math.max(tx, ty, tz); // entry: the last of the three near planes
    const far = Math.min(
      tx + (2 * half) / Math.abs(dx || EPSILON),
      ty + (2 * half) / Math.abs(dy || EPSILON),
      tz + (2 * half) / Math.abs(dz || EPSILON),
    );
    if (near > far || near < EPSILON) return false;
    hit.t = near;
    hit.nx = near === tx ? -Math.sign(dx) : 0;
    hit.ny = near === ty && near !== tx ? -Math.sign(dy) : 0;
    hit.nz = hit.nx === 0 && hit.ny === 0 ? -Math.sign(dz) : 0;
    return true;
  };
  return {
    intersect,
    height: 2 * half,
    bound: half * Math.sqrt(3),
    floorDistance: (x, z) => Math.hypot(Math.max(0, Math.abs(x) - half), Math.max(0, Math.abs(z) - half)),
  };
}

function cylinder(radius: number, height: number): Solid {
  const intersect: Intersect = (ox, oy, oz, dx, dy, dz, hit) => {
    const a = dx * dx + dz * dz;
    const b = ox * dx + oz * dz;
    const discriminant = b * b - a * (ox * ox + oz * oz - radius * radius);
    if (discriminant < 0) return false;
    const side = (-b - Math.sqrt(discriminant)) / (a || EPSILON);
    const y = oy + side * dy;
    if (side > EPSILON && y >= 0 && y <= height) {
      hit.t = side;
      hit.nx = (ox + side * dx) / radius;
      hit.ny = 0;
      hit.nz = (oz + side * dz) / radius;
      return true;
    }
    const lid = (height - oy) / (dy || EPSILON); // from below, the side is met before the lid
    const x = ox + lid * dx;
    const z = oz + lid * dz;
    if (lid < EPSILON || dy > 0 || x * x + z * z > radius * radius) return false;
    hit.t = lid;
    hit.nx = 0;
    hit.ny = 1;
    hit.nz = 0;
    return true;
  };
  return {
    intersect,
    height,
    bound: Math.hypot(radius, height / 2),
    floorDistance: (x, z) => Math.max(0, Math.hypot(x, z) - radius),
  };
}

/** An upright capsule; a sphere where `height` is twice `radius`. */
function capsule(radius: number, height: number): Solid {
  const top = height - radius; // centres of the two half spheres
  const intersect: Intersect = (ox, oy, oz, dx, dy, dz, hit) => {
    const a = dx * dx + dz * dz;
    const b = ox * dx + oz * dz;
    const discriminant = b * b - a * (ox * ox + oz * oz - radius * radius);
    if (discriminant < 0) return false;
    const side = (-b - Math.sqrt(discriminant)) / (a || EPSILON);
    const y = oy + side * dy;
    if (side > EPSILON && y >= radius && y <= top) {
      hit.t = side;
      hit.nx = (ox + side * dx) / radius;
      hit.ny = 0;
      hit.nz = (oz + side * dz) / radius;
      return true;
    }
    const centre = y < (radius + top) / 2 ? radius : top;
    const cy = oy - centre;
    const half = ox * dx + cy * dy + oz * dz;
    const inside = half * half - (ox * ox + cy * cy + oz * oz - radius * radius);
    const t = -half - Math.sqrt(inside);
    if (!(inside >= 0 && t > EPSILON)) return false;
    hit.t = t;
    hit.nx = (ox + t * dx) / radius;
    hit.ny = (cy + t * dy) / radius;
    hit.nz = (oz + t * dz) / radius;
    return true;
  };
  return {
    intersect,
    height,
    bound: Math.max(radius, height / 2),
    floorDistance: (x, z) => Math.max(0, Math.hypot(x, z) - 0.4 * radius), // round below: touches in a small disc
  };
}
