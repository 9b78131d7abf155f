/* The map itself: paints a layer, shows tooltips, follows clicks, searches and printing. */
const EDGE = { color: '#7d8993', weight: 0.8 };
const CHOSEN = { color: '#111111', weight: 2.6 };
const HELD = { color: '#e6007e', weight: 4.5 };

function hatches() {
  const ns = 'http:' + '//www.w3.org/2000/svg';
  const node = (tag, attributes, ...children) => {
    const made = document.createElementNS(ns, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const pattern = (id, ground, stroke) => node('pattern', { id, width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    node('rect', { width: 7, height: 7, fill: ground }), node('line', { x1: 0, y1: 0, x2: 0, y2: 7, stroke, 'stroke-width': 3 }));
  document.body.append(node('svg', { width: 0, height: 0, style: 'position:absolute', 'aria-hidden': 'true' },
    node('defs', {}, pattern('lk-missing', '#e9e9e9', '#a9a9a9'), pattern('lk-banded', '#fff8e0', '#dcae5a'))));
}

/* What a layer says of a village: its own words, those of an indicator's bar, or the name of its class. */
function said(layer, i) {
  if (layer.bar !== undefined) return data.panels[i].bars[layer.bar][0];
  const tone = layer.tones[layer.of[i]];
  return layer.shown[i] || [tone.mark, tone.label].filter(Boolean).join(' ');
}

function start(map, villages, lines) {
  const paths = new Map();
  villages.eachLayer((path) => paths.set(path.feature.id, path));
  const canvas = Boolean(map.options.preferCanvas);
  const narrow = window.matchMedia('(max-width: 760px)');
  const state = {
    map, paths, layer: null, held: null,
    on: { chosen: true, kecamatan: true, names: false },
    order: data.names.map((_, i) => i).sort((a, b) => (data.ranks[a] ?? Infinity) - (data.ranks[b] ?? Infinity) || a - b),
  };
  hatches();
  buildPage(state);

  const style = (i) => {
    const tone = state.layer.tones[state.layer.of[i]];
    const fillColor = tone.pattern && !canvas ? 'url(#lk-' + tone.pattern + ')' : tone.colour;
    const edge = i === state.held ? HELD : state.on.chosen && data.chosen[i] ? CHOSEN : EDGE;
    return { ...edge, fillColor, fillOpacity: 1, opacity: 1, lineJoin: 'round' };
  };
  const front = () => {
    if (state.on.chosen) for (const i of state.order) if (data.chosen[i] && paths.has(i)) paths.get(i).bringToFront();
    if (paths.has(state.held)) paths.get(state.held).bringToFront();
  };
  const repaint = () => { for (const [i, path] of paths) path.setStyle(style(i)); front(); state.labels(); };

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
  };
  state.toggle = (name, on) => {
    state.on[name] = on;
    if (name === 'kecamatan') map.getPane('lk-lines').style.display = on ? '' : 'none';
    if (name.startsWith('points')) spots[name.slice(6)][on ? 'addTo' : 'removeFrom'](map);
    repaint();
  };
  state.deselect = () => hold(null);
  state.select = (i, go) => {
    hold(i);
    document.body.classList.remove('lk-panel-closed', 'lk-side-open');
    document.body.classList.add('lk-panel-open');
    map.invalidateSize({ animate: false, pan: false });
    if (!paths.has(i)) return;
    // On a phone the panel is a sheet over the map: the village is brought above it.
    const sheet = narrow.matches ? map.getContainer().getBoundingClientRect().bottom - state.panel.getBoundingClientRect().top : 0;
    const padding = { ...margin, paddingBottomRight: [14, 14 + Math.max(0, sheet)] };
    if (go || sheet) map.fitBounds(paths.get(i).getBounds(), { ...padding, maxZoom: Math.max(map.getZoom(), home.zoom + 1.5) });
  };
  state.goKecamatan = (k) => {
    const inside = [...paths].filter(([i]) => data.within[i] === k).map(([, path]) => path);
    document.body.classList.remove('lk-side-open');
    hold(null);
    if (narrow.matches) document.body.classList.remove('lk-panel-open');
    if (inside.length) map.fitBounds(L.featureGroup(inside).getBounds(), margin);
  };

  function hold(i) {
    const before = state.held;
    state.held = i;
    for (const k of [before, i]) if (paths.has(k)) paths.get(k).setStyle(style(k));
    front();
    if (i === null) showList(state);
    else showVillage(state, i);
  }

  const margin = { paddingTopLeft: [14, 14], paddingBottomRight: [14, 14], animate: false };
  const home = { zoom: 0, shown: true };
  const goHome = () => {
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(villages.getBounds(), margin);
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
  lines.remove();
  lines.eachLayer((line) => { line.options.pane = 'lk-lines'; });
  lines.setStyle({ color: '#3a454e', weight: 1.7, opacity: 1, fill: false, lineJoin: 'round' }).addTo(map);

  const spots = data.points.map((points) => L.layerGroup(points.spots.map(([lat, lon, name]) => L.marker([lat, lon], {
    keyboard: false, icon: L.divIcon({ className: 'lk-spot', html: make('span', {}), iconSize: [14, 14] }),
  }).bindTooltip(make('div', { cls: 'lk-tip' }, make('b', {}, name), points.label)))).addTo(map));

  villages.bindTooltip((path) => {
    const i = path.feature.id;
    return make('div', { cls: 'lk-tip' }, make('b', {}, data.names[i]), make('span', {}, where(i)),
      make('span', { cls: 'lk-value' }, said(state.layer, i)));
  }, { sticky: true, direction: 'auto', opacity: 1, className: 'lk-tipbox' });
  villages.on('click', (event) => state.select(event.propagatedFrom.feature.id, false));
  villages.on('mouseover', (event) => { event.propagatedFrom.setStyle({ color: HELD.color, weight: 3 }); event.propagatedFrom.bringToFront(); });
  villages.on('mouseout', (event) => { event.propagatedFrom.setStyle(style(event.propagatedFrom.feature.id)); front(); });

  L.control.scale({ imperial: false, position: narrow.matches ? 'topleft' : 'bottomright', maxWidth: 140 }).addTo(map);
  const whole = L.control({ position: 'topright' });
  whole.onAdd = () => {
    const box = make('div', { cls: 'leaflet-bar lk-whole' }, make('button', { type: 'button', title: say('ui.whole'),
      'aria-label': say('ui.whole'), on: { click: goHome } }, '⤢'));
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  whole.addTo(map);

  // The legend below the map differs in height from layer to layer: the whole area is fitted again, a closer view stays.
  new ResizeObserver(() => (home.shown ? goHome() : map.invalidateSize({ animate: false, pan: false }))).observe(map.getContainer());
  buildLabels(map, state);
  showList(state);
  state.layer = data.layers.find((layer) => layer.id === data.start);
  showLegend(state, state.layer);
  toChosenLayer();
  goHome();
  repaint();

  preparePrint({ map, state, home, goHome, hold, paths });
}
