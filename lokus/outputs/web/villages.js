/* The painter of thousands of villages: packed polygons on one canvas in a pane of the Folium map (see painter.js).

   The order of painting knows no class: shapes of a few pixels one by one and last, larger ones in rounds, both by a hash
   of their place. Painted class by class, the last class would cover what it overlaps, and tiny shapes all do. Edges are
   drawn only around shapes that have room for them. */
const TINY = 6;
const ROUNDS = 16;
const DOT = 2.5;
const ROOM = 12;
// Many short paths rasterise far faster than one long one.
const AT_ONCE = 400;
// Above so many shapes in view their edges would be all there is to see.
const MOST_EDGES = 6000;
const CELL = 0.05;

function canvasPainter(map, shapes, { pane = 'overlayPane', lines = null, regions = null, regionOf = null } = {}) {
  const canvas = L.DomUtil.create('canvas', 'lk-canvas leaflet-zoom-animated', map.getPane(pane));
  const pen = canvas.getContext('2d');
  const over = { hovered: null, held: null };
  let [look, view] = [null, null];
  let grid = null;
  let waiting = 0;

  const hatch = { missing: hatching('#e9e9e9', '#a9a9a9'), banded: hatching('#fff8e0', '#dcae5a') };
  const mix = hashes(Math.max(shapes.n, regions ? regions.n : 0));

  function place() {
    const size = map.getSize();
    const beyond = size.multiplyBy(0.1).round();
    const corner = map.containerPointToLayerPoint([0, 0]).subtract(beyond);
    const fine = document.body.classList.contains('lk-printing') ? 3 : Math.min(window.devicePixelRatio || 1, 2);
    const [wide, high] = [size.x + 2 * beyond.x, size.y + 2 * beyond.y];
    view = { zoom: map.getZoom(), northWest: map.layerPointToLatLng(corner), corner, wide, high, fine };
    L.DomUtil.setTransform(canvas, corner, 1);
    Object.assign(canvas, { width: wide * fine, height: high * fine });
    Object.assign(canvas.style, { width: wide + 'px', height: high + 'px' });
    soon();
  }

  /* However often a frame is asked for, it is painted once; paper does not wait for a frame. */
  function soon() {
    if (document.body.classList.contains('lk-printing')) { draw(); return; }
    waiting = waiting || requestAnimationFrame(() => { waiting = 0; draw(); });
  }

  function draw() {
    if (!look || !view) return;
    const scale = 2 ** view.zoom;
    const origin = map.getPixelOrigin().add(view.corner);
    const frame = { scale, x: origin.x, y: origin.y };
    pen.setTransform(view.fine, 0, 0, view.fine, 0, 0);
    pen.clearRect(0, 0, view.wide, view.high);
    pen.lineJoin = 'round';
    const summed = regions && look.summed;
    fill(summed ? regions : shapes, summed || look, frame, !(summed && look.lines));
    if (look.lines) for (const own of lines || []) outline(own.shapes, own.style, frame);
    if (!summed) raised(frame);
  }

  const inView = (all, frame) => {
    const [west, north] = [frame.x / frame.scale, frame.y / frame.scale];
    const [east, south] = [(frame.x + view.wide) / frame.scale, (frame.y + view.high) / frame.scale];
    const found = [];
    for (let i = 0, b = 0; i < all.n; i += 1, b += 4) {
      if (all.box[b + 2] >= west && all.box[b] <= east && all.box[b + 3] >= north && all.box[b + 1] <= south) found.push(i);
    }
    return found;
  };
  const extent = (all, i, scale) => scale * Math.max(all.box[4 * i + 2] - all.box[4 * i], all.box[4 * i + 3] - all.box[4 * i + 1]);

  function fill(all, { tones, of, faint }, frame, edged) {
    const seen = inView(all, frame);
    const paints = tones.map((tone) => hatch[tone.pattern] || tone.colour);
    const kinds = 2 * paints.length;
    const groups = Array.from({ length: ROUNDS * kinds }, () => []);
    const tiny = [];
    for (const i of seen) {
      if (extent(all, i, frame.scale) < TINY) tiny.push(i);
      else groups[mix[i] % ROUNDS * kinds + 2 * of[i] + (faint && faint(i) ? 1 : 0)].push(i);
    }
    groups.forEach((group, k) => {
      pen.fillStyle = paints[k % kinds >> 1];
      pen.globalAlpha = k % 2 ? FAINT : 1;
      runs(group, (i) => trace(all, i, frame), () => pen.fill());
    });
    tiny.sort((a, b) => mix[a] - mix[b]);
    for (const i of tiny) {
      pen.fillStyle = paints[of[i]];
      pen.globalAlpha = faint && faint(i) ? FAINT : 1;
      if (extent(all, i, frame.scale) < DOT) dot(all, i, frame);
      else { pen.beginPath(); trace(all, i, frame); pen.fill(); }
    }
    pen.globalAlpha = 1;
    const roomy = seen.filter((i) => extent(all, i, frame.scale) >= ROOM);
    if (!edged || roomy.length > MOST_EDGES) return;
    Object.assign(pen, { strokeStyle: EDGE.color, lineWidth: 0.5 });
    runs(roomy, (i) => trace(all, i, frame), () => pen.stroke());
  }

  function runs(list, one, done) {
    for (let at = 0; at < list.length; at += AT_ONCE) {
      pen.beginPath();
      for (let k = at; k < Math.min(at + AT_ONCE, list.length); k += 1) one(list[k]);
      done();
    }
  }

  const dot = (all, i, { scale, x, y }) => {
    const [west, north, east, south] = all.box.subarray(4 * i, 4 * i + 4);
    pen.fillRect(west * scale - x, north * scale - y, Math.max((east - west) * scale, 1), Math.max((south - north) * scale, 1));
  };

  /* A corner less than 0.7 pixels from the one before is left out. */
  function trace({ owned, ringed, X, Y }, i, { scale, x: dx, y: dy }) {
    for (let r = owned[i]; r < owned[i + 1]; r += 1) {
      const from = ringed[r];
      let [lastX, lastY] = [X[from] * scale - dx, Y[from] * scale - dy];
      pen.moveTo(lastX, lastY);
      for (let j = from + 1; j < ringed[r + 1]; j += 1) {
        const [x, y] = [X[j] * scale - dx, Y[j] * scale - dy];
        if ((x - lastX) ** 2 + (y - lastY) ** 2 < 0.5) continue;
        pen.lineTo(x, y);
        lastX = x;
        lastY = y;
      }
      pen.closePath();
    }
  }

  function outline(all, style, frame) {
    const seen = inView(all, frame);
    // Lines close to one another would be all there is to see: they are as thin as what they go around is small.
    const wide = seen.reduce((sum, i) => sum + extent(all, i, frame.scale), 0) / seen.length;
    Object.assign(pen, { strokeStyle: style.color, lineWidth: Math.max(0.4, Math.min(style.weight, wide / 40)) });
    runs(seen, (i) => trace(all, i, frame), () => pen.stroke());
  }

  /* The edges of the villages that stand out, no wider than a part of the shape they go around. */
  function raised(frame) {
    for (const i of look.front) {
      const wide = extent(shapes, i, frame.scale);
      if (wide < ROOM || (look.faint && look.faint(i))) continue;
      const { color, weight } = look.edge(i);
      Object.assign(pen, { strokeStyle: color, lineWidth: Math.min(weight, wide / 16) });
      pen.beginPath();
      trace(shapes, i, frame);
      pen.stroke();
    }
  }

  /* One village over all others, as a path of its own: what follows the pointer may not repaint thousands. */
  function mark(name, all, i, style) {
    if (over[name]) over[name].remove();
    over[name] = i === null ? null : L.polygon(ringsOf(all, i), { ...style, fill: false, interactive: false, pane: 'lk-over', renderer }).addTo(map);
  }

  const latLng = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(x, y), 0);
  const ringsOf = ({ owned, ringed, X, Y }, i) => Array.from({ length: owned[i + 1] - owned[i] }, (_, k) => {
    const r = owned[i] + k;
    return Array.from({ length: ringed[r + 1] - ringed[r] }, (_, n) => latLng(X[ringed[r] + n], Y[ringed[r] + n]));
  });
  const boxOf = (all, i) => L.latLngBounds(latLng(all.box[4 * i], all.box[4 * i + 3]), latLng(all.box[4 * i + 2], all.box[4 * i + 1]));

  if (!map.getPane('lk-over')) {
    Object.assign(map.createPane('lk-over').style, { zIndex: 460, pointerEvents: 'none' });
  }
  const renderer = L.svg({ pane: 'lk-over', padding: 0.3 });

  function at(where) {
    const { x, y } = L.CRS.EPSG3857.latLngToPoint(where, 0);
    grid = grid || gridded(shapes);
    for (const i of grid.get(Math.floor(x / CELL) * 65536 + Math.floor(y / CELL)) || []) if (contains(shapes, i, x, y)) return i;
    return null;
  }

  const follow = { moveend: place, resize: place, zoomanim: (event) => {
    L.DomUtil.setTransform(canvas, map._latLngToNewLayerPoint(view.northWest, event.zoom, event.center), map.getZoomScale(event.zoom, view.zoom));
  } };
  map.on(follow);

  const drawn = Array.from({ length: shapes.n }, (_, i) => i).filter((i) => shapes.owned[i + 1] > shapes.owned[i]);
  const whole = drawn.reduce((all, i) => {
    for (const side of [0, 1]) all[side] = Math.min(all[side], shapes.box[4 * i + side]);
    for (const side of [2, 3]) all[side] = Math.max(all[side], shapes.box[4 * i + side]);
    return all;
  }, [Infinity, Infinity, -Infinity, -Infinity]);

  return {
    has: (i) => i !== null && i !== undefined && shapes.owned[i + 1] > shapes.owned[i],
    drawn,
    bounds: (i) => boxOf(shapes, i),
    whole: () => L.latLngBounds(latLng(whole[0], whole[3]), latLng(whole[2], whole[1])),
    paint(wanted) {
      look = wanted;
      if (view) soon();
      else place();
    },
    restyle(i, wanted) {
      look = wanted;
      const held = look.front[look.front.length - 1];
      mark('held', shapes, look.edge(i) === HELD && held === i ? i : null, HELD);
    },
    listen({ tip, click, region }) {
      const box = L.tooltip({ sticky: true, direction: 'auto', opacity: 1, className: 'lk-tipbox' });
      let seen = null;
      const leave = () => { box.remove(); mark('hovered', shapes, null); seen = null; map.getContainer().style.cursor = ''; };
      map.on('mousemove', (event) => {
        const i = event.originalEvent.buttons ? null : at(event.latlng);
        if (i === null) { leave(); return; }
        const k = look.summed ? regionOf[i] : null;
        const key = look.summed ? -1 - k : i;
        if (key !== seen) {
          mark('hovered', k === null ? shapes : regions, k === null ? i : k, OVER);
          box.setContent(k === null ? tip(i) : region.tip(k));
          seen = key;
        }
        box.setLatLng(event.latlng);
        if (!map.hasLayer(box)) box.addTo(map);
        map.getContainer().style.cursor = 'pointer';
      });
      map.on('mouseout zoomstart', leave);
      map.on('click', (event) => {
        const i = at(event.latlng);
        if (i === null) return;
        if (look.summed) region.click(regionOf[i], boxOf(regions, regionOf[i]));
        else click(i);
      });
    },
    twin: (own) => canvasPainter(map, shapes, { pane: own, lines, regions, regionOf }),
    remove: () => { cancelAnimationFrame(waiting); map.off(follow); for (const name of Object.keys(over)) mark(name, shapes, null); canvas.remove(); },
  };
}

function hatching(ground, stroke) {
  const tile = Object.assign(document.createElement('canvas'), { width: 10, height: 10 });
  const pen = tile.getContext('2d');
  Object.assign(pen, { fillStyle: ground, strokeStyle: stroke, lineWidth: 3 });
  pen.fillRect(0, 0, 10, 10);
  for (const shift of [-10, 0, 10]) {
    pen.beginPath();
    pen.moveTo(shift - 2, 12);
    pen.lineTo(shift + 12, -2);
    pen.stroke();
  }
  return pen.createPattern(tile, 'repeat');
}

/* A number for every place that has nothing to do with what stands there (Knuth's multiplicative hash). */
const hashes = (n) => Uint32Array.from({ length: n }, (_, i) => Math.imul(i + 1, 2654435761) >>> 8);

/* Which villages may lie at a place: their boxes on a coarse grid. */
function gridded({ n, owned, box }) {
  const cells = new Map();
  for (let i = 0; i < n; i += 1) {
    if (owned[i + 1] === owned[i]) continue;
    for (let x = Math.floor(box[4 * i] / CELL); x <= box[4 * i + 2] / CELL; x += 1) {
      for (let y = Math.floor(box[4 * i + 1] / CELL); y <= box[4 * i + 3] / CELL; y += 1) {
        const own = cells.get(x * 65536 + y);
        if (own) own.push(i);
        else cells.set(x * 65536 + y, [i]);
      }
    }
  }
  return cells;
}

function contains({ owned, ringed, X, Y, box }, i, x, y) {
  if (x < box[4 * i] || x > box[4 * i + 2] || y < box[4 * i + 1] || y > box[4 * i + 3]) return false;
  let inside = false;
  for (let r = owned[i]; r < owned[i + 1]; r += 1) {
    for (let j = ringed[r], k = ringed[r + 1] - 1; j < ringed[r + 1]; k = j, j += 1) {
      if ((Y[j] > y) !== (Y[k] > y) && x < (X[k] - X[j]) * (y - Y[j]) / (Y[k] - Y[j]) + X[j]) inside = !inside;
    }
  }
  return inside;
}
