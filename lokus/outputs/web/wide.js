/* Maps of many kabupaten: from afar each is painted whole, by what the classes of its villages sum up to. */
const COUNT_FIRST = 300;
const MOST_BADGES = 60;
const MOST_AREAS = 45;
const MOST_NAMES = 1500;
// A village chosen from a list of thousands is shown with its neighbours, not as a speck of its province.
const CLOSE = 11;

/* What may be named among thousands: chosen villages while they are few, kabupaten while there are many kecamatan. */
const fewEnough = (chosen, state) => (data.shapes && (chosen.length > MOST_BADGES || state.sumsUp()) ? [] : chosen);

const within = (view) => {
  const [south, west, north, east] = [view.getSouth(), view.getWest(), view.getNorth(), view.getEast()];
  return (at) => at !== null && at[0] >= south && at[0] <= north && at[1] >= west && at[1] <= east;
};

function areasToName(state, view) {
  const own = data.kecamatan.filter((_, k) => state.only === null || state.only === k);
  if (!data.kabupaten) return own;
  const sees = within(view);
  const seen = own.filter(({ at }) => sees(at));
  if (seen.length <= MOST_AREAS) return seen;
  const larger = data.kabupaten.filter(({ at }) => sees(at));
  return larger.length <= MOST_AREAS ? larger : [];
}

function inSight(state, view) {
  if (!data.shapes) return state.order;
  const sees = within(view);
  const seen = state.sumsUp() ? [] : state.order.filter((i) => sees(data.at[i]));
  return seen.length > MOST_NAMES ? [] : seen;
}

/* The painter of packed villages, with the outlines and the whole kabupaten that the page carries. */
function packedPainter(map) {
  const lines = [
    ...(data.outlines ? [{ shapes: data.outlines, style: { ...LINE, weight: 1.2 } }] : []),
    ...(data.areas ? [{ shapes: data.areas, style: { ...LINE, weight: 2 } }] : [])];
  return canvasPainter(map, data.shapes, { lines, regions: data.regions ? data.areas : null, regionOf: data.regions ? data.regions.of : null });
}

function prepareWide(map, state) {
  const wide = data.regions;
  state.sumsUp = () => Boolean(wide) && state.on.kabupaten && state.only === null && map.getZoom() < wide.zoom;
  state.asShown = (layer) => (state.sumsUp() ? summedUp(layer) : layer);
  if (!wide) return null;
  let before = null;
  map.on('zoomend', () => {
    if (state.sumsUp() === before) return;
    before = state.sumsUp();
    showLegend(state, state.layer);
    state.repaint();
  });
  return {
    tip: (k) => {
      const layer = state.asShown(state.layer);
      const place = wide.named[k];
      return make('div', { cls: 'lk-tip' }, make('b', {}, place.name), make('span', {}, filled('page.villages', { count: place.count.toLocaleString(data.lang) })),
        make('span', { cls: 'lk-value' }, layer.tones[layer.of[k]].label));
    },
    click: (k, bounds) => map.setView(bounds.getCenter(), Math.max(wide.zoom, map.getBoundsZoom(bounds)), { animate: false }),
  };
}

const filled = (key, values) => say(key).replace(/\{(\w+)\}/g, (_, name) => values[name]);

/* A layer of kabupaten made of a layer of villages: the same words and colours, or those of a share. */
function summedUp(layer) {
  const wide = data.regions;
  const { by, counted, bounds, tones, named } = layer.summary;
  const counts = wide.named.map(() => new Uint32Array(layer.tones.length));
  layer.of.forEach((k, i) => { counts[wide.of[i]][k] += 1; });
  const own = by === 'share' ? tones : layer.tones;
  const lost = own.length;
  const of = counts.map((seen) => SUMS[by](seen, { layer, counted, bounds }) ?? lost);
  const all = of.includes(lost) ? [...own, { label: say('page.unknown'), colour: '#e9e9e9', mark: '', pattern: 'missing' }] : own;
  const told = all.map((tone, k) => ({ ...tone, count: of.filter((found) => found === k).length }));
  return { ...layer, of, tones: told, rule: filled('page.' + by, { named }) + ' ' + say('page.counted').replace(/\.$/, '') };
}

/* The class of a kabupaten from how many of its villages are in each; undefined where none has data. */
const SUMS = {
  share: (seen, { counted, bounds }) => {
    const all = seen.reduce((sum, n) => sum + n, 0);
    const share = counted.reduce((sum, k) => sum + seen[k], 0) / all;
    return share === 0 ? 0 : 1 + bounds.filter((bound) => share >= bound).length;
  },
  median: (seen, { layer }) => {
    const known = [...seen].map((n, k) => (layer.tones[k].pattern ? 0 : n));
    let rest = known.reduce((sum, n) => sum + n, 0) / 2;
    if (!rest) return undefined;
    return known.findIndex((n) => (rest -= n) <= 0);
  },
  most: (seen) => seen.indexOf(Math.max(...seen)),
};

/* Where a name may stand in a village: the middle of its box, or of the widest stretch of that height inside it. */
function spots(shapes) {
  const { n, owned, ringed, X, Y, box } = shapes;
  return Array.from({ length: n }, (_, i) => {
    if (owned[i] === owned[i + 1]) return null;
    const [x, y] = [(box[4 * i] + box[4 * i + 2]) / 2, (box[4 * i + 1] + box[4 * i + 3]) / 2];
    const crossed = [];
    for (let r = owned[i]; r < owned[i + 1]; r += 1) {
      for (let j = ringed[r], k = ringed[r + 1] - 1; j < ringed[r + 1]; k = j, j += 1) {
        if ((Y[j] > y) !== (Y[k] > y)) crossed.push((X[k] - X[j]) * (y - Y[j]) / (Y[k] - Y[j]) + X[j]);
      }
    }
    crossed.sort((a, b) => a - b);
    let [west, east] = [x, x];
    for (let c = 0; c + 1 < crossed.length; c += 2) if (crossed[c + 1] - crossed[c] > east - west) [west, east] = [crossed[c], crossed[c + 1]];
    const { lat, lng } = L.CRS.EPSG3857.pointToLatLng(L.point((west + east) / 2, y), 0);
    return [lat, lng];
  });
}
