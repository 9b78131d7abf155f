/* Two layers at once: the second lies over the first and is cut off along a line that one drags or moves by keys. */
const LEAST = 0.04;

function prepareSwipe({ map, state, look }) {
  const pane = map.createPane('lk-right');
  pane.style.zIndex = 420;
  pane.style.pointerEvents = 'none';
  const chart = map.getContainer();
  let [twin, at, panelShut] = [null, 0.5, false];
  const swipe = state.swipe = { layer: null };

  const left = make('span', { cls: 'lk-swipename' });
  const right = make('select', { 'aria-label': say('swipe.right'), on: { change: () => { swipe.layer = byId(right.value); paint(); } } },
    ...data.groups.map((group) => make('optgroup', { label: group.label },
      ...data.layers.filter((layer) => layer.group === group.id).map((layer) => make('option', { value: layer.id }, layer.label)))));
  const bar = make('div', { cls: 'lk-swipebar lk-over', hidden: true },
    left, make('span', { cls: 'lk-swipemark', 'aria-hidden': 'true' }, '◧ ◨'), right,
    make('button', { type: 'button', cls: 'lk-swipeend', on: { click: () => swipe.stop() } }, say('swipe.stop') + ' ×'));
  const line = make('div', { cls: 'lk-divider', hidden: true, role: 'separator', tabindex: 0, 'aria-orientation': 'vertical',
    'aria-label': say('swipe.line'), 'aria-valuemin': 0, 'aria-valuemax': 100 }, make('span', { cls: 'lk-handle', 'aria-hidden': 'true' }, '◂ ▸'));
  chart.append(bar, line);
  for (const node of [bar, line]) L.DomEvent.disableClickPropagation(node).disableScrollPropagation(node);

  const byId = (id) => data.layers.find((layer) => layer.id === id);

  function cut() {
    if (!twin) return;
    const { x: wide, y: high } = map.getSize();
    const [a, b] = [map.containerPointToLayerPoint([at * wide, 0]), map.containerPointToLayerPoint([wide, high])];
    pane.style.clipPath = 'polygon(' + [[a.x, a.y], [b.x, a.y], [b.x, b.y], [a.x, b.y]].map(([x, y]) => x + 'px ' + y + 'px').join(',') + ')';
    line.style.left = 100 * at + '%';
    line.setAttribute('aria-valuenow', String(Math.round(100 * at)));
  }

  function moveTo(share) {
    at = Math.min(1 - LEAST, Math.max(LEAST, share));
    cut();
    state.labels();
  }

  function paint() {
    if (!twin) return;
    twin.paint(look(swipe.layer));
    left.textContent = state.layer.label;
    left.title = state.layer.label;
    cut();
    showLegend(state, state.layer);
    state.labels();
  }

  const shown = (on) => {
    bar.hidden = line.hidden = !on;
    chart.classList.toggle('lk-swiping', on);
    button.setAttribute('aria-pressed', String(on));
  };
  /* Which layer a village whose name stands here is read by. */
  swipe.layerAt = (x) => (twin && x > at * map.getSize().x ? swipe.layer : state.layer);
  swipe.repaint = paint;
  swipe.start = () => {
    const other = data.layers.find(({ group, id }) => group === 'problem' && id !== state.layer.id) || data.layers.find(({ id }) => id !== state.layer.id);
    if (twin || !other) return;
    swipe.layer = other;
    right.value = other.id;
    twin = state.painter.twin('lk-right');
    // Two layers need the room of the panel more than it does; what was in the middle of the map stays there.
    const middle = map.getCenter();
    panelShut = document.body.classList.contains('lk-panel-closed');
    document.body.classList.add('lk-panel-closed');
    document.body.classList.remove('lk-panel-open');
    shown(true);
    map.invalidateSize({ animate: false, pan: false }).setView(middle, map.getZoom(), { animate: false });
    moveTo(0.5);
    paint();
    line.focus({ preventScroll: true });
    state.tell(say('swipe.line'));
  };
  swipe.stop = () => {
    if (!twin) return;
    twin.remove();
    twin = swipe.layer = null;
    document.body.classList.toggle('lk-panel-closed', panelShut);
    shown(false);
    showLegend(state, state.layer);
    state.labels();
    button.focus({ preventScroll: true });
  };

  line.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    line.setPointerCapture(event.pointerId);
    line.focus({ preventScroll: true });
  });
  line.addEventListener('pointermove', (event) => {
    const box = chart.getBoundingClientRect();
    if (line.hasPointerCapture(event.pointerId)) moveTo((event.clientX - box.left) / box.width);
  });
  line.addEventListener('keydown', (event) => {
    const far = event.shiftKey ? 0.1 : 0.02;
    const to = { ArrowLeft: at - far, ArrowRight: at + far, Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveTo(to);
  });
  map.on('move zoom viewreset resize', cut);
  const button = state.tool({ id: 'swipe', symbol: icon('M3 5h18v14H3zM12 2v20M15 9h3M15 12h3M15 15h3'), label: say('swipe.start'), key: 'b', act: () => (twin ? swipe.stop() : swipe.start()) });
  button.setAttribute('aria-pressed', 'false');
}
