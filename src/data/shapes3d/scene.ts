import { SHAPES, scaleOf, yawOf } from "./factors.ts";
import { type Hit, type Solid, solidOf } from "./object.ts";

/** Units: the object is about 1 wide. The room is open towards the camera; y is up. */
const ROOM = { half: 2.3 } as const;
const CAMERA = { distance: 4.1, height: 1.8, target: 0.6, tanHalfAngle: 0.345 } as const;
const LIGHT = { x: -1.7, y: 4.6, z: 3.2, radius: 0.75 } as const;
/** Rays a pixel: SIDE x SIDE; shadow rays a hit, spread over the light differently in each of a pixel's rays. */
const SIDE = 2;
const SHADOW_RAYS = 4;

/** Planes of the map that `lightMap` returns: how much light of each colour reaches a pixel. */
export const PLANES = { floor: 0, wall: 1, object: 2, gloss: 3 } as const;

/**
 * The light of a scene without its colours, [4, size, size], linear: the parts of each pixel that take the
 * colour of floor, wall and object, and the white gloss. Hues change no geometry, so 480 maps make all
 * 480,000 images.
 */
export function lightMap(scale: number, shape: number, orientation: number, size: number): Float32Array {
  const solid = solidOf(SHAPES[shape]!, scaleOf(scale));
  const yaw = yawOf(orientation);
  const [sin, cos] = [Math.sin(yaw), Math.cos(yaw)];
  const [cx, cy, cz] = [CAMERA.distance * sin, CAMERA.height, CAMERA.distance * cos];
  const drop = CAMERA.target - CAMERA.height;
  const length = Math.hypot(CAMERA.distance, drop);
  const level = CAMERA.distance / length; // of the viewing direction: share along the floor, and down
  const down = drop / length;
  const plane = size * size;
  const map = new Float32Array(4 * plane);
  const hit: Hit = { t: 0, nx: 0, ny: 0, nz: 0 };
  const shade = shader(solid);
  for (let row = 0; row < size * SIDE; row++) {
    const v = (1 - (2 * (row + 0.5)) / (size * SIDE)) * CAMERA.tanHalfAngle;
    for (let column = 0; column < size * SIDE; column++) {
      const u = ((2 * (column + 0.5)) / (size * SIDE) - 1) * CAMERA.tanHalfAngle;
      const along = level - v * down; // of the ray: away from the camera along the floor
      const dy0 = down + v * level;
      const norm = 1 / Math.sqrt(along * along + dy0 * dy0 + u * u);
      const dx = (-along * sin + u * cos) * norm;
      const dy = dy0 * norm;
      const dz = (-along * cos - u * sin) * norm;
      const pixel = Math.floor(row / SIDE) * size + Math.floor(column / SIDE);
      shade(map, plane, pixel, (row % SIDE) * SIDE + (column % SIDE), cx, cy, cz, dx, dy, dz, hit);
    }
  }
  for (let i = 0; i < map.length; i++) map[i]! /= SIDE * SIDE;
  return map;
}

/** Adds the light that comes back along a ray to its pixel. */
function shader(solid: Solid) {
  const scratch: Hit = { t: 0, nx: 0, ny: 0, nz: 0 };
  const middle = solid.height / 2;

  /** The share of the light that a point of floor or wall sees. */
  function visible(x: number, y: number, z: number, sample: number): number {
    let clear = 0;
    for (let k = 0; k < SHADOW_RAYS; k++) {
      const spot = 2 * (k * SIDE * SIDE + sample);
      let lx = LIGHT.x + DISC[spot]! - x;
      let ly = LIGHT.y - y;
      let lz = LIGHT.z + DISC[spot + 1]! - z;
      const norm = 1 / Math.sqrt(lx * lx + ly * ly + lz * lz);
      lx *= norm;
      ly *= norm;
      lz *= norm;
      const b = -x * lx + (middle - y) * ly - z * lz; // nearest to the bounding sphere's centre
      const far = x * x + (middle - y) * (middle - y) + z * z - b * b;
      const misses = b < 0 || far > solid.bound * solid.bound;
      if (misses || !solid.intersect(x, y, z, lx, ly, lz, scratch)) clear++;
    }
    return clear / SHADOW_RAYS;
  }

  return (
    map: Float32Array,
    plane: number,
    pixel: number,
    sample: number,
    ox: number,
    oy: number,
    oz: number,
    dx: number,
    dy: number,
    dz: number,
    hit: Hit,
  ): void => {
    if (solid.intersect(ox, oy, oz, dx, dy, dz, hit)) {
      const { t, nx, ny, nz } = hit;
      const y = oy + t * dy;
      let lx = LIGHT.x - (ox + t * dx);
      let ly = LIGHT.y - y;
      let lz = LIGHT.z - (oz + t * dz);
      const norm = 1 / Math.sqrt(lx * lx + ly * ly + lz * lz);
      lx *= norm;
      ly *= norm;
      lz *= norm;
      const diffuse = Math.max(0, nx * lx + ny * ly + nz * lz);
      const sky = 0.5 + 0.5 * ny;
      const contact = 1 - 0.55 * Math.exp(-y / 0.16) * (1 - Math.max(0, ny));
      map[PLANES.object * plane + pixel]! += (0.1 + 0.2 * sky) * contact + 0.72 * diffuse;
      const [hx, hy, hz] = [lx - dx, ly - dy, lz - dz];
      const cosine = (nx * hx + ny * hy + nz * hz) / Math.sqrt(hx * hx + hy * hy + hz * hz);
      map[PLANES.gloss * plane + pixel]! += 0.3 * Math.max(0, cosine) ** 48;
      return;
    }
    const floor = dy < 0 ? -oy / dy : Infinity;
    const back = dz < 0 ? (-ROOM.half - oz) / dz : Infinity;
    const side = dx === 0 ? Infinity : (Math.sign(dx) * ROOM.half - ox) / dx;
    const t = Math.min(floor, back, side > 0 ? side : Infinity);
    const x = ox + t * dx;
    const y = oy + t * dy;
    const z = oz + t * dz;
    const lx = LIGHT.x - x;
    const ly = LIGHT.y - y;
    const lz = LIGHT.z - z;
    const distance = Math.sqrt(lx * lx + ly * ly + lz * lz);
    const onFloor = t === floor;
    const cosine = (onFloor ? ly : t === back ? lz : -Math.sign(dx) * lx) / distance;
    // Corners of the room get less of the light that is all around.
    const corner = (d: number) => 1 - 0.42 * Math.exp(-d / 0.45);
    const sides = corner(ROOM.half - Math.abs(x));
    const rear = corner(z + ROOM.half);
    const ambient = onFloor ? sides * rear : (t === back ? sides : rear) * corner(y);
    const contact = onFloor ? 1 - 0.6 * Math.exp(-solid.floorDistance(x, z) / 0.17) : 1;
    const key = 0.62 * Math.max(0, cosine) * visible(x, y + (onFloor ? 1e-4 : 0), z, sample);
    const light = 0.4 * ambient * contact + key * (0.6 + 0.4 * contact);
    map[(onFloor ? PLANES.floor : PLANES.wall) * plane + pixel]! += light;
  };
}

/** Points spread evenly over the light, x and z in turn: a sunflower's spiral. */
const DISC = Float64Array.from({ length: 2 * SIDE * SIDE * SHADOW_RAYS }, (_, i) => {
  const k = Math.floor(i / 2);
  const radius = LIGHT.radius * Math.sqrt((k + 0.5) / (SIDE * SIDE * SHADOW_RAYS));
  const angle = k * Math.PI * (3 - Math.sqrt(5));
  return radius * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
});
