/* Names on the map: as many as fit, the chosen villages first. A name that would cover another is left out. */
const FONT = '"Segoe UI", "Liberation Sans", Roboto, Arial, sans-serif';

const ASIDE = [[1, 0], [-1, 0], [0.7, -0.7], [-0.7, -0.7], [0.7, 0.7], [-0.7, 0.7], [0, -1], [0, 1]];

function buildLabels(map, state) {
  const pane = map.createPane('lk-labels');
  pane.style.zIndex = 640;
  pane.style.pointerEvents = 'none';
  map.createPane('lk-leaders').style.zIndex = 635;
  map.getPane('lk-leaders').style.pointerEvents = 'none';
  const leaders = L.svg({ pane: 'lk-leaders', padding: 0.3 });
  const group = L.layerGroup().addTo(map);
  const pen = document.createElement('canvas').getContext('2d');
  const shorter = (s) => (s.length > 26 ? s.slice(0, 25) + '…' : s);

  function size(text, font) {
    pen.font = font;
    return pen.measureText(text).width;
  }

  function draw() {
    group.clearLayers();
    const corner = map.getContainer().getBoundingClientRect();
    // Paper of another size than A4 is a page enlarged as a whole: boxes are measured on it, places on the map are not.
    const scale = corner.width / map.getSize().x || 1;
    const origin = map.containerPointToLayerPoint([0, 0]);
    const taken = [...map.getContainer().querySelectorAll('.leaflet-control, .lk-over')].map((control) => {
      const box = control.getBoundingClientRect();
      const place = (end, axis) => (end - (axis === 'x' ? corner.left : corner.top)) / scale + origin[axis];
      return [place(box.left, 'x'), place(box.top, 'y'), place(box.right, 'x'), place(box.bottom, 'y')];
    });
    const view = map.getBounds();
    const frame = map.getSize();
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const free = (box) => !taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1]);

    function put(at, node, width, height, must) {
      if (!at || !view.contains(at)) return false;
      const p = map.latLngToLayerPoint(at);
      const box = [p.x - width / 2 - 2, p.y - height / 2 - 1, p.x + width / 2 + 2, p.y + height / 2 + 1];
      const q = map.layerPointToContainerPoint(p);
      const inside = q.x >= width / 2 && q.y >= height / 2 && q.x <= frame.x - width / 2 && q.y <= frame.y - height / 2;
      if (!must && !(inside && free(box))) return false;
      taken.push(box);
      const icon = L.divIcon({ html: node, className: 'lk-label', iconSize: [width, height] });
      L.marker(at, { icon, pane: 'lk-labels', interactive: false, keyboard: false }).addTo(group);
      return true;
    }

    const markOf = (i) => {
      const layer = state.swipe.layerAt(map.latLngToContainerPoint(data.at[i]).x);
      return layer.tones[layer.of[i]].mark;
    };

    /* A rank that would cover another moves aside, on a line back to its village. */
    function badge(i) {
      const rank = data.ranks[i] === null ? '•' : String(data.ranks[i]);
      const mark = markOf(i);
      const own = Math.max(tall, size(rank, '700 ' + 0.9 * unit + 'px ' + FONT) + 0.7 * unit);
      const wide = own + (mark ? size(mark, '700 ' + 0.9 * unit + 'px ' + FONT) + 0.5 * unit : 0);
      const node = make('span', { cls: 'lk-badges' }, make('span', { cls: 'lk-badge' }, rank), mark ? make('span', { cls: 'lk-badgemark' }, mark) : null);
      const home = map.latLngToLayerPoint(data.at[i]);
      for (const far of [0, 1.2, 2.2, 3.2]) {
        for (const [dx, dy] of far ? ASIDE : [[0, 0]]) {
          const at = map.layerPointToLatLng([home.x + dx * far * tall, home.y + dy * far * tall]);
          if (!put(at, node, wide, tall)) continue;
          if (far) L.polyline([data.at[i], at], { pane: 'lk-leaders', renderer: leaders, color: '#111', weight: 1.6, interactive: false }).addTo(group);
          return { at, wide };
        }
      }
      put(data.at[i], node, wide, tall, true);
      return { at: L.latLng(data.at[i]), wide };
    }

    /* A mark whose place is taken moves aside as far as its village surely reaches. */
    function putMark(i, mark) {
      const home = map.latLngToLayerPoint(data.at[i]);
      const village = state.painter.bounds(i).pad(-0.22);
      for (const [dx, dy] of [[0, 0], ...ASIDE, ...ASIDE.map(([x, y]) => [2 * x, 2 * y])]) {
        const at = map.layerPointToLatLng([home.x + dx * unit, home.y + dy * unit]);
        if ((dx || dy) && !village.contains(at)) continue;
        if (put(at, make('span', { cls: 'lk-mark' }, mark), unit, unit)) return;
      }
    }

    function nameBeside(i, place) {
      const text = shorter(data.names[i]);
      const p = map.latLngToLayerPoint(place.at);
      // A name without room in full size is tried smaller before it is left out.
      for (const share of [1, 0.82]) {
        const width = size(text, '700 ' + share * unit + 'px ' + FONT) + 4;
        const [far, high] = [(place.wide + width) / 2 + 5, (tall + 1.15 * share * unit) / 2 + 3];
        const tries = [[far, 0], [-far, 0], [0, high], [0, -high], ...[0.5, 1].flatMap((k) => [
          [far, k * high], [far, -k * high], [-far, k * high], [-far, -k * high],
          [k * far, high], [k * far, -high], [-k * far, high], [-k * far, -high]])];
        for (const [dx, dy] of tries) {
          const at = map.layerPointToLatLng([p.x + dx, p.y + dy]);
          const node = make('span', { cls: share < 1 ? 'lk-name lk-strong lk-small' : 'lk-name lk-strong' }, text);
          if (put(at, node, width, 1.15 * share * unit)) return;
        }
      }
    }

    const tall = 1.5 * unit;
    const badges = new Map();
    if (state.on.chosen) {
      const chosen = fewEnough(state.order.filter((i) => data.chosen[i] && inFilter(state, i) && data.at[i] && view.contains(data.at[i])), state);
      for (const i of chosen) badges.set(i, badge(i));
      for (const [i, place] of badges) nameBeside(i, place);
    }
    if (state.on.kecamatan) {
      for (const place of areasToName(state, view)) {
        const text = shorter(place.name).toUpperCase();
        put(place.at, make('span', { cls: 'lk-kecamatan' }, text), 1.12 * size(text, '600 ' + 0.85 * unit + 'px ' + FONT) + 4, unit);
      }
    }
    for (const i of inSight(state, view)) {
      if (!data.at[i] || !inFilter(state, i)) continue;
      const mark = markOf(i);
      if (mark && !badges.has(i)) putMark(i, mark);
      if (state.on.names && !badges.has(i)) {
        const text = shorter(data.names[i]);
        put(data.at[i], make('span', { cls: 'lk-name' }, text), size(text, 0.8 * unit + 'px ' + FONT) + 4, unit);
      }
    }
    if (map.getContainer().classList.contains('lk-close-up')) {
      data.points.forEach((points, n) => {
        if (!state.on['points' + n]) return;
        for (const [lat, lon, name] of points.spots) {
          const text = shorter(name);
          const p = map.latLngToLayerPoint([lat, lon]);
          put(map.layerPointToLatLng([p.x, p.y + 0.9 * unit]), make('span', { cls: 'lk-name lk-spotname' }, text), size(text, 0.8 * unit + 'px ' + FONT) + 4, unit);
        }
      });
    }
  }

  let waiting = 0;
  state.labels = () => { if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); }); };
  state.labels.now = draw;
  map.on('moveend zoomend resize', state.labels);
}
