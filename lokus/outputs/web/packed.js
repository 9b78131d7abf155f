/* Puts together what `packed.py` took apart. Numbers and names are read at once; texts, records and short lists when
   they are asked for, one by one: thousands of villages are looked at, a few are read. */
const READ_AT_ONCE = 10000;
const canUnpack = () => 'DecompressionStream' in window;

async function inflated(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let k = 0; k < raw.length; k += 1) bytes[k] = raw.charCodeAt(k);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

/* The page's data with every list in place. Nothing is packed on the map of one kabupaten. */
async function unpacked(plain) {
  const held = document.getElementById('lokus-packed');
  if (!held) return plain;
  const wait = document.getElementById('lokus-wait');
  if (!canUnpack()) {
    wait.textContent = plain.texts['page.old'];
    // Nothing that follows could be shown.
    return new Promise(() => {});
  }
  const bytes = new Uint8Array(await inflated(held.textContent));
  held.remove();
  const walk = (value) => {
    if (Array.isArray(value)) return value.map(walk);
    if (value === null || typeof value !== 'object') return value;
    if (value.packed) return listed(columnOf(value.packed, bytes));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  const drawn = ['shapes', 'outlines', 'areas'].filter((name) => plain[name]).map((name) => [name, shapesOf(plain[name], bytes)]);
  const whole = { ...walk(plain), ...Object.fromEntries(drawn) };
  whole.at = spots(whole.shapes);
  wait.remove();
  return whole;
}

/* A column: how long it is, the value at a place, and `all` where every value stands there already. */
function columnOf(spec, bytes) {
  const made = COLUMNS[spec.kind](spec, bytes);
  return { n: spec.n, at: (i) => made.all[i], ...made };
}

const COLUMNS = {
  json: (spec, bytes) => ({ all: JSON.parse(textAt(spec.at, bytes)) }),
  numbers: (spec, bytes) => ({ all: numbersOf(spec, bytes, (coded) => (coded + spec.least) / spec.scale) }),
  flags: (spec, bytes) => ({ all: numbersOf(spec, bytes, (coded) => Boolean(coded + spec.least)) }),
  fields: (spec, bytes) => {
    const fields = Object.entries(spec.fields).map(([name, own]) => [name, columnOf(own, bytes)]);
    // Each field is read for itself: who asks for one would wait for all.
    return { at: (i) => Object.defineProperties({}, Object.fromEntries(fields.map(([name, own]) => [name, { enumerable: true, get: () => own.at(i) }]))) };
  },
  texts: (spec, bytes) => {
    const of = numbersOf(spec.of, bytes, (coded) => coded + spec.of.least);
    const patterns = JSON.parse(textAt(spec.patterns.at, bytes)).map((pattern) => pattern && pattern.split('\0'));
    const holes = spec.holes.map((own) => own.map((hole) => columnOf(hole, bytes)));
    const rows = ordinals(of, patterns.length);
    return { at: (i) => {
      const [k, row] = [of[i], rows()[i]];
      return patterns[k] && patterns[k].reduce((told, piece, h) => told + holes[k][h - 1].at(row) + piece);
    } };
  },
  lists: (spec, bytes) => {
    const lengths = columnOf(spec.lengths, bytes).all;
    const columns = spec.positions.map((own) => columnOf(own, bytes));
    const rows = columns.map((_, p) => ordinals(lengths.map((length) => (length > p ? 0 : 1)), 2));
    return { at: (i) => (lengths[i] === null ? null : columns.slice(0, lengths[i]).map((own, p) => own.at(rows[p]()[i]))) };
  },
};

const textAt = ([from, length], bytes) => new TextDecoder().decode(bytes.subarray(from, from + length));

function numbersOf({ n, at: [from], width, steps, absent }, bytes, value) {
  const all = new Array(n);
  for (let i = 0, before = 0; i < n; i += 1) {
    let coded = 0;
    for (let b = width - 1; b >= 0; b -= 1) coded = coded * 256 + bytes[from + b * n + i];
    if (steps) before = coded = before + (coded % 2 ? -(coded + 1) / 2 : coded / 2);
    all[i] = absent && coded === 0 ? null : value(coded);
  }
  return all;
}

/* Which of its kind each one is, counted when it is first asked for. */
function ordinals(of, kinds) {
  let found = null;
  return () => {
    if (found) return found;
    const seen = new Uint32Array(kinds);
    return (found = Uint32Array.from(of, (k) => seen[k]++));
  };
}

/* A column as a list: true where all is read, else one that makes its values when they are asked for. */
function listed({ n, at, all }) {
  return all || (n > READ_AT_ONCE ? lazily(n, at) : Array.from({ length: n }, (_, i) => at(i)));
}

function lazily(n, at) {
  const place = (key) => typeof key === 'string' && Number(key) >= 0 && Number(key) < n;
  return new Proxy(new Array(n), {
    has: (all, key) => key in all || place(key),
    get: (all, key) => {
      const found = all[key];
      return found === undefined && place(key) ? (all[key] = at(Number(key))) : found;
    },
  });
}

/* Polygons in the pixels of zoom 0 (0–256): corners X, Y; ring r from ringed[r] to ringed[r + 1]; the rings of village i
   from owned[i] to owned[i + 1]; its box in `box`. */
function shapesOf(spec, bytes) {
  let at = 0;
  const next = () => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  const signed = () => { const coded = next(); return coded % 2 ? -(coded + 1) / 2 : coded / 2; };
  const sums = (from, n) => {
    const all = new Uint32Array(n + 1);
    at = from;
    for (let i = 0; i < n; i += 1) all[i + 1] = all[i] + next();
    return all;
  };
  const owned = sums(spec.rings[0], spec.n);
  const ringed = sums(spec.corners[0], spec.ringed);
  const X = new Float32Array(spec.cornered);
  const Y = new Float32Array(spec.cornered);
  const box = new Float32Array(4 * spec.n);
  at = spec.moves[0];
  let [startX, startY] = [0, 0];
  for (let i = 0; i < spec.n; i += 1) {
    let [west, north, east, south] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let r = owned[i]; r < owned[i + 1]; r += 1) {
      let [x, y] = [startX, startY];
      for (let j = ringed[r]; j < ringed[r + 1]; j += 1) {
        x += signed();
        y += signed();
        if (j === ringed[r]) { startX = x; startY = y; }
        const sine = Math.sin(y * spec.step * Math.PI / 180);
        X[j] = 128 + x * spec.step * 256 / 360;
        Y[j] = 128 - Math.log((1 + sine) / (1 - sine)) * 64 / Math.PI;
        if (X[j] < west) west = X[j];
        if (X[j] > east) east = X[j];
        if (Y[j] < north) north = Y[j];
        if (Y[j] > south) south = Y[j];
      }
    }
    box.set([west, north, east, south], 4 * i);
  }
  return { n: spec.n, owned, ringed, X, Y, box };
}
