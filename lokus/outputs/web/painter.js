/* The painter of a few hundred villages: Folium's own GeoJson layer, one path a village.

   A painter knows shapes and styles, not what they mean. It is given a look:
     tones  the classes of the layer · of  the class of every village
     edge(i)  Leaflet's style of a village's edge · faint(i)  whether a village stands back
     front  villages drawn over the others, the last on top
   and does: has(i), drawn, bounds(i), whole(), paint(look), restyle(i), listen({ tip, click }), twin(pane), remove().
   `villages.js` has the one for thousands. */
const FAINT = 0.18;

function pathPainter(map, villages) {
  const paths = new Map();
  villages.eachLayer((path) => paths.set(path.feature.id, path));
  let look = null;

  const style = (i) => {
    const tone = look.tones[look.of[i]];
    const seen = look.faint(i) ? FAINT : 1;
    return { ...look.edge(i), fillColor: tone.pattern ? 'url(#lk-' + tone.pattern + ')' : tone.colour, fillOpacity: seen, opacity: seen, lineJoin: 'round' };
  };
  const raise = () => { for (const i of look.front) if (paths.has(i)) paths.get(i).bringToFront(); };

  return {
    has: (i) => paths.has(i),
    drawn: [...paths.keys()],
    bounds: (i) => paths.get(i).getBounds(),
    whole: () => villages.getBounds(),
    paint(wanted) {
      look = wanted;
      for (const [i, path] of paths) path.setStyle(style(i));
      raise();
    },
    restyle(i, wanted) {
      look = wanted;
      if (paths.has(i)) paths.get(i).setStyle(style(i));
      raise();
    },
    listen({ tip, click }) {
      villages.bindTooltip((path) => tip(path.feature.id), { sticky: true, direction: 'auto', opacity: 1, className: 'lk-tipbox' });
      // Leaflet's tooltips make every path a stop of the Tab key: hundreds on the way from the map to the list.
      for (const path of paths.values()) path.getElement().setAttribute('tabindex', '-1');
      villages.on('click', (event) => click(event.propagatedFrom.feature.id));
      villages.on('mouseover', (event) => event.propagatedFrom.setStyle(OVER).bringToFront());
      villages.on('mouseout', (event) => { event.propagatedFrom.setStyle(style(event.propagatedFrom.feature.id)); raise(); });
    },
    /* The same villages once more in another pane, to be painted by another layer. */
    twin: (pane) => pathPainter(map, L.geoJSON(villages.toGeoJSON(), { pane, interactive: false, smoothFactor: 0.5 }).addTo(map)),
    remove: () => villages.remove(),
  };
}
