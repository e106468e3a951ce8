// Two lanes side by side. Each half is told how large the whole panel is, so that its letters and
// keys come out as large as on a panel of its own; keys of a keyboard go to the half touched last.

const lanes = document.body.dataset.lanes.split(" ").filter(Boolean);
const main = document.getElementById("lanes");

function address(lane) {
  const told = new URLSearchParams(location.hash.slice(1));
  told.set("panel", `${innerWidth}x${innerHeight}`);
  return `${lane}/#${told}`;
}

const frames = lanes.map((lane, place) => {
  const frame = document.createElement("iframe");
  frame.allow = "autoplay";
  frame.title = `${place + 1}`;
  frame.src = address(lane);
  main.append(frame);
  return frame;
});
frames[0]?.addEventListener("load", () => frames[0].focus(), { once: true });
// Only what stands behind the mark changes: the pages stay, and measure themselves anew.
addEventListener("resize", () => frames.forEach((frame, place) => (frame.src = address(lanes[place]))));
