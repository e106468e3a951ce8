// The paper ledger, typed in when the gate works again. The form stays open for the next line and
// keeps the day, the direction and, one higher, the number of the line.

import { form } from "./forms.js";
import { WORDS } from "./lists.js";
import { say } from "./texts.js";

function after(number) {
  return number.replace(/\d+$/, (line) => String(Number(line) + 1));
}

const EMPTY = { time: "", name: "", document_number: "", phone: "", room: "", temp_mc: 0, outcome: "passed" };

/** The form for one line of the paper ledger is open. kept: values of the line before. */
export function openPaper(snapshot, kept = {}) {
  const today = snapshot.clock.iso.slice(0, 10);
  const { direction } = snapshot.gate;
  const values = { number: "", day: today, direction: direction === "both" ? "in" : direction, ...EMPTY, ...kept };
  form({
    title: say("paper"),
    fields: [
      { name: "number", label: "line_number", kind: "number", most: 12, sets: ["123", "ABC"], extra: "-", required: true },
      { name: "day", kind: "day", today },
      { name: "time", kind: "time", required: true },
      { name: "direction", kind: "choice", words: WORDS.direction },
      { name: "outcome", kind: "choice", words: WORDS.outcome },
      { name: "room", kind: "room", oneOf: true },
      { name: "document_number", kind: "number", most: 18, sets: ["123", "ABC"], extra: "X", oneOf: true },
      { name: "phone", kind: "number", most: 15, extra: "+" },
      { name: "temp_mc", kind: "temperature" },
      { name: "name", kind: "text", most: 64, oneOf: true },
    ],
    values,
    ready: ({ number, time, name, document_number: document, room }) => {
      if (!number) return "needs_line";
      if (!time) return "needs_time";
      return name || document || room ? "" : "needs_person";
    },
    made: ({ temp_mc: mc, ...line }) => ({ kind: "paper", ...line, ...(mc ? { temp_mc: mc } : {}) }),
    done: () => openPaper(snapshot, { number: after(values.number), day: values.day, direction: values.direction }),
  });
}
