// The words a guard picks from, in the order of their keys: exactly those the gate takes.

export const REASONS = {
  manual_pass: ["medical", "rescue", "caring", "clinical_normal", "equipment_fault", "station", "known", "escort", "other"],
  refuse: ["unknown_person", "behaviour", "document", "other"],
};
export const WORDS = {
  call: ["fever", "contact", "dispute", "help", "other"],
  anomaly: ["crowding", "damage", "quarrel", "forced", "animal", "other"],
  note: ["parcel", "elder_help", "key_left", "utility", "lost_found", "weather", "other"],
  registration: ["visitor", "returnee"],
  round: ["gate", "guard_room", "pick_up", "other"],
  agent: ["chlorine", "alcohol", "other"],
  document_kind: ["id_card", "passport", "permit", "other", "none"],
  checklist: ["thermometer", "disinfectant", "protective", "paper_ledger", "keys", "open_cases"],
  outcome: ["passed", "refused"],
  direction: ["in", "out"],
  mode: ["normal", "lockdown", "evacuate", "out_of_service", "open"],
  mode_reason: ["fire", "station", "equipment", "crowding", "rescue", "drill", "other"],
};
