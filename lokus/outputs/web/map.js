/* The map itself: shows a layer, tooltips, follows clicks, searches and printing. */
const EDGE = { color: '#7d8993', weight: 0.8 };
const CHOSEN = { color: '#111111', weight: 2.6 };
const HELD = { color: '#e6007e', weight: 4.5 };
const OVER = { color: '#e6007e', weight: 3 };
const LINE = { color: '#3a454e', weight: 1.7 };

function hatches() {
  const pattern = (id, ground, stroke) => svg('pattern', { id, width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { width: 7, height: 7, fill: ground }), svg('line', { x1: 0, y1: 0, x2: 0, y2: 7, stroke, 'stroke-width': 3 }));
  document.body.append(svg('svg', { width: 0, height: 0, style: 'position:absolute', 'aria-hidden': 'true' },
    svg('defs', {}, pattern('lk-missing', '#e9e9e9', '#a9a9a9'), pattern('lk-banded', '#fff8e0', '#dcae5a'))));
}

/* What a layer says of a village: its own words, those of an indicator's bar, or the name of its class. */
function said(layer, i) {
  if (layer.bar !== undefined) return data.panels[i].bars[layer.bar][0];
  if (layer.figure !== undefined && data.panels[i].figures[layer.figure]) return data.panels[i].figures[layer.figure][1];
  const tone = layer.tones[layer.of[i]];
  return layer.shown[i] || [tone.mark, tone.label].filter(Boolean).join(' ');
}

function start(map, painter, lines) {
  const narrow = window.matchMedia('(max-width: 760px)');
  const state = {
    map, painter, layer: null, held: null, only: null, marked: new Set(),
    // Puskesmas are few and of help at once; whatever comes after them (posyandu) covers the map.
    on: { chosen: true, kecamatan: true, names: false, kabupaten: true, ...Object.fromEntries(data.points.map((_, n) => ['points' + n, n === 0])) },
    order: data.names.map((_, i) => i).sort((a, b) => (data.ranks[a] ?? Infinity) - (data.ranks[b] ?? Infinity) || a - b),
  };
  hatches();
  const region = prepareWide(map, state);
  buildPage(state);

  const look = (layer = state.layer) => ({
    tones: layer.tones, of: layer.of,
    edge: (i) => (i === state.held || state.marked.has(i) ? HELD : state.on.chosen && data.chosen[i] ? CHOSEN : EDGE),
    faint: (i) => !inFilter(state, i),
    summed: state.sumsUp() ? summedUp(layer) : null,
    lines: state.on.kecamatan,
    front: [...(state.on.chosen ? state.order.filter((i) => data.chosen[i]) : []), ...state.marked, ...(state.held === null ? [] : [state.held])],
  });
  const repaint = () => { painter.paint(look()); state.swipe.repaint(); state.labels(); };
  state.repaint = repaint;

  // The list of layers is longer than a small screen: the one shown is brought into sight.
  const toChosenLayer = () => {
    const label = state.side.querySelector('input[name="lk-layer"]:checked').closest('label');
    const [box, view] = [label.getBoundingClientRect(), state.side.getBoundingClientRect()];
    const search = state.side.querySelector('.lk-search').getBoundingClientRect().height + 10;
    if (box.top < view.top + search || box.bottom > view.bottom) state.side.scrollTop += box.top - view.top - view.height / 2;
  };

  state.show = (id) => {
    state.layer = data.layers.find((layer) => layer.id === id);
    showLegend(state, state.layer);
    toChosenLayer();
    document.body.classList.remove('lk-side-open');
    repaint();
    state.tell(state.layer.title);
  };
  state.toggle = (name, on) => {
    state.on[name] = on;
    if (name === 'kecamatan') map.getPane('lk-lines').style.display = on ? '' : 'none';
    if (name === 'kabupaten') showLegend(state, state.layer);
    if (name.startsWith('points')) spots[name.slice(6)][on ? 'addTo' : 'removeFrom'](map);
    repaint();
  };
  state.deselect = () => hold(null);
  state.select = (i, go) => {
    if (!inFilter(state, i)) setFilter(null);
    hold(i);
    state.tell([data.names[i], where(i), said(state.layer, i)].join(', '));
    document.body.classList.remove('lk-panel-closed', 'lk-side-open');
    document.body.classList.add('lk-panel-open');
    map.invalidateSize({ animate: false, pan: false });
    if (!painter.has(i)) return;
    // On a phone the panel is a sheet over the map: the village is brought above it.
    const sheet = narrow.matches ? map.getContainer().getBoundingClientRect().bottom - state.panel.getBoundingClientRect().top : 0;
    const padding = { ...margin, paddingBottomRight: [14, 14 + Math.max(0, sheet)] };
    if (go || sheet) map.fitBounds(painter.bounds(i), { ...padding, maxZoom: Math.max(map.getZoom(), home.zoom + 1.5, data.shapes ? CLOSE : 0) });
  };
  /* One kecamatan alone, or all with null. */
  state.goKecamatan = (k) => {
    document.body.classList.remove('lk-side-open');
    if (narrow.matches) document.body.classList.remove('lk-panel-open');
    setFilter(k);
    hold(null);
    goHome();
    state.tell(k === null ? say('ui.all_kecamatan') : say('ui.kecamatan') + ' ' + data.kecamatan[k].name);
  };
  state.goWhole = () => (state.only === null ? goHome() : state.goKecamatan(null));
  /* The next village of the list, or of all ranks where the one held is not on it. */
  state.step = (by) => {
    const listed = data.chosen[state.held] || state.held === null;
    const all = state.order.filter((i) => inFilter(state, i) && (!listed || data.chosen[i]));
    const at = all.indexOf(state.held);
    if (all.length) state.select(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length], true);
  };
  /* One step out of whatever was entered last. */
  state.back = () => {
    if (state.held !== null) hold(null);
    else if (state.swipe.layer) state.swipe.stop();
    else if (state.only !== null) state.goKecamatan(null);
    else if (state.steer && state.steer.on) state.steer.open(false);
    document.body.classList.remove('lk-side-open', 'lk-panel-open');
  };

  function setFilter(k) {
    if (k === state.only) return;
    state.only = k;
    document.getElementById('lk-only').value = k === null ? '' : String(k);
    only.hidden = k === null;
    onlyName.textContent = k === null ? '' : say('ui.kecamatan') + ' ' + data.kecamatan[k].name;
    showLegend(state, state.layer);
    repaint();
  }

  function hold(i) {
    const before = state.held;
    state.held = i;
    for (const k of [before, i]) if (k !== null) painter.restyle(k, look());
    state.swipe.repaint();
    if (i === null) showList(state);
    else showVillage(state, i);
    if (state.steer) state.steer.beside(i);
  }

  const margin = { get paddingTopLeft() { return [14, 14 + (state.swipe.layer && !document.body.classList.contains('lk-printing') ? 48 : 0) + (state.only === null ? 0 : 48)]; }, paddingBottomRight: [14, 14], animate: false };
  const home = { zoom: 0, shown: true };
  const goHome = () => {
    map.invalidateSize({ animate: false, pan: false });
    const inside = state.only === null ? [] : painter.drawn.filter((i) => inFilter(state, i)).map(painter.bounds);
    const all = state.only === null || !inside.length ? painter.whole()
      : inside.reduce((sum, one) => sum.extend(one), L.latLngBounds(inside[0].getSouthWest(), inside[0].getNorthEast()));
    map.fitBounds(all, margin);
    Object.assign(home, { zoom: map.getZoom(), shown: true });
    grow();
  };
  // Symbols of places grow with the map: on the whole area they are dots beside the names.
  const grow = () => map.getContainer().classList.toggle('lk-close-up', map.getZoom() > home.zoom + 1);
  map.on('dragstart zoomstart', () => { home.shown = false; });
  map.on('zoomend', grow);

  const pane = map.createPane('lk-lines');
  pane.style.zIndex = 450;
  pane.style.pointerEvents = 'none';
  if (lines) {
    lines.remove();
    lines.eachLayer((line) => { line.options.pane = 'lk-lines'; });
    lines.setStyle({ ...LINE, opacity: 1, fill: false, lineJoin: 'round' }).addTo(map);
  }

  const spots = data.points.map((points, n) => L.layerGroup(points.spots.map(([lat, lon, name]) => L.marker([lat, lon], {
    keyboard: false, icon: L.divIcon({ className: 'lk-spot lk-spot' + (n % POINT_MARKS.length), html: make('span', {}), iconSize: [14, 14] }),
  }).bindTooltip(make('div', { cls: 'lk-tip' }, make('b', {}, name), points.label)))));
  spots.forEach((group, n) => { if (state.on['points' + n]) group.addTo(map); });

  painter.listen({
    tip: (i) => make('div', { cls: 'lk-tip' }, make('b', {}, data.names[i]), make('span', {}, where(i)),
      ...(state.swipe.layer ? [state.layer, state.swipe.layer].map((layer) => make('span', { cls: 'lk-value' }, layer.label + ': ' + said(layer, i)))
        : [make('span', { cls: 'lk-value' }, said(state.layer, i))])),
    click: (i) => state.select(i, false),
    region,
  });

  L.control.scale({ imperial: false, position: narrow.matches ? 'topleft' : 'bottomright', maxWidth: 140 }).addTo(map);
  const control = (position, node) => {
    const held = L.control({ position });
    held.onAdd = () => node;
    L.DomEvent.disableClickPropagation(node);
    held.addTo(map);
  };
  control('topright', make('div', { cls: 'leaflet-bar lk-whole' }, make('button', { type: 'button', title: say('ui.whole'),
    'aria-label': say('ui.whole'), on: { click: () => state.goWhole() } }, '⤢')));
  // North is up on every Mercator map: the arrow only has to say so.
  control(narrow.matches ? 'topleft' : 'bottomright', make('div', { cls: 'lk-north', role: 'img', 'aria-label': say('ui.north') },
    make('span', {}, '▲'), make('b', {}, say('ui.north_letter'))));
  const onlyName = make('b', {});
  const only = make('div', { cls: 'lk-only', hidden: true }, onlyName,
    make('button', { type: 'button', on: { click: () => state.goKecamatan(null) } }, say('ui.all_kecamatan') + ' ×'));
  control('topleft', only);
  prepareSwipe({ map, state, look });

  // The legend below the map differs in height from layer to layer: the whole area is fitted again, a closer view stays.
  new ResizeObserver(() => (home.shown ? goHome() : map.invalidateSize({ animate: false, pan: false }))).observe(map.getContainer());
  buildLabels(map, state);
  showList(state);
  state.layer = data.layers.find((layer) => layer.id === data.start);
  showLegend(state, state.layer);
  toChosenLayer();
  goHome();
  repaint();

  prepareSteering(state);
  prepareStory({ map, state, home, goHome, hold });
  preparePrint({ map, state, home, goHome, hold, painter });
  prepareTools(state);
}
