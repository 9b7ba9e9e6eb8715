// Text: pieces put together and cut apart, searches, regular expressions, numbers as text.
const words = "the quick brown fox jumps over the lazy dog and runs away from it".split(" ");
let text = "";
for (let i = 0; i < 300; i++) text += words[i * 5 % words.length] + (i % 10 === 9 ? ".\n" : " ");
const lines = text.split("\n");
let letters = 0, capitals = 0, matches = 0;
for (const line of lines) {
  const title = line.split(" ").map((w) => w.charAt(0).toUpperCase() + w.slice(1)).join(" ");
  for (let i = 0; i < title.length; i++) {
    const code = title.charCodeAt(i);
    if (code >= 65 && code <= 90) capitals++;
    if (code >= 97 && code <= 122) letters++;
  }
  matches += (line.match(/\b[a-z]*o[a-z]*\b/g) || []).length;
}
const replaced = text.replace(/(\w+) (\w+)/g, "$2-$1").length;
const numbers = Array.from({ length: 200 }, (_, i) => (i * 1.5).toFixed(2)).join(";");
const sum = numbers.split(";").reduce((a, b) => a + parseFloat(b), 0);
const found = [letters, capitals, matches, replaced, sum, text.lastIndexOf("lazy")].join();
if (found !== "815,300,106,1445,29850,1383") throw new Error(found);
