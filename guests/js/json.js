// JSON: a table of records written as text, read back, changed and compared.
const records = [];
for (let i = 0; i < 50; i++) {
  records.push({
    id: i,
    name: "record " + i,
    flags: [i % 2 === 0, i % 3 === 0, null],
    nested: { depth: { value: i * 0.25, text: "\u00e4\n\"" + i } },
  });
}
const text = JSON.stringify(records);
let rounds = 0, copy = records;
for (; rounds < 3; rounds++) {
  copy = JSON.parse(JSON.stringify(copy), (key, value) => (key === "id" ? value + 1 : value));
}
const ids = copy.reduce((sum, record) => sum + record.id, 0);
const values = copy.map((record) => record.nested.depth.value).filter((v) => v > 10).length;
const found = [text.length, ids, values, copy[7].nested.depth.text.length].join();
if (found !== "5238,1375,9,4") throw new Error(found);
