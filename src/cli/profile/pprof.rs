//! A profile as `pprof` reads it: `profile.proto`, compressed with gzip.
//!
//! A sample is a stack of calls with the cycles of its innermost function. The lines of callers are those of their calls; the
//! innermost function has its first line, because its cycles are known as one sum.

use std::collections::HashMap;
use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message as _;

use super::part::Part;

/// The messages of `profile.proto`, as far as they are needed here.
mod proto {
    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub(super) struct Profile {
        #[prost(message, repeated, tag = "1")]
        pub(super) sample_type: Vec<ValueType>,
        #[prost(message, repeated, tag = "2")]
        pub(super) sample: Vec<Sample>,
        #[prost(message, repeated, tag = "3")]
        pub(super) mapping: Vec<Mapping>,
        #[prost(message, repeated, tag = "4")]
        pub(super) location: Vec<Location>,
        #[prost(message, repeated, tag = "5")]
        pub(super) function: Vec<Function>,
        #[prost(string, repeated, tag = "6")]
        pub(super) string_table: Vec<String>,
        #[prost(message, optional, tag = "11")]
        pub(super) period_type: Option<ValueType>,
        #[prost(int64, tag = "12")]
        pub(super) period: i64,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub(super) struct ValueType {
        #[prost(int64, tag = "1")]
        pub(super) kind: i64,
        #[prost(int64, tag = "2")]
        pub(super) unit: i64,
    }

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub(super) struct Sample {
        #[prost(uint64, repeated, tag = "1")]
        pub(super) location_id: Vec<u64>,
        #[prost(int64, repeated, tag = "2")]
        pub(super) value: Vec<i64>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub(super) struct Mapping {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(uint64, tag = "3")]
        pub(super) memory_limit: u64,
        #[prost(int64, tag = "5")]
        pub(super) filename: i64,
        #[prost(bool, tag = "7")]
        pub(super) has_functions: bool,
        #[prost(bool, tag = "8")]
        pub(super) has_filenames: bool,
        #[prost(bool, tag = "9")]
        pub(super) has_line_numbers: bool,
    }

    #[derive(Clone, PartialEq, Eq, prost::Message)]
    pub(super) struct Location {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(uint64, tag = "2")]
        pub(super) mapping_id: u64,
        #[prost(uint64, tag = "3")]
        pub(super) address: u64,
        #[prost(message, repeated, tag = "4")]
        pub(super) line: Vec<Line>,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub(super) struct Line {
        #[prost(uint64, tag = "1")]
        pub(super) function_id: u64,
        #[prost(int64, tag = "2")]
        pub(super) line: i64,
    }

    #[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
    pub(super) struct Function {
        #[prost(uint64, tag = "1")]
        pub(super) id: u64,
        #[prost(int64, tag = "2")]
        pub(super) name: i64,
        #[prost(int64, tag = "3")]
        pub(super) system_name: i64,
        #[prost(int64, tag = "4")]
        pub(super) filename: i64,
        #[prost(int64, tag = "5")]
        pub(super) start_line: i64,
    }
}

/// Guest memory, in bytes: what the mapping of a program covers.
const GUEST_BYTES: u64 = 4 << 20;

/// The file.
pub(super) fn encode(parts: &[&Part], title: &str) -> io::Result<Vec<u8>> {
    let mut writer = Writer::default();
    writer.string("");
    let cycles = proto::ValueType {
        kind: writer.string("cycles"),
        unit: writer.string("count"),
    };
    writer.profile.sample_type = vec![cycles];
    (writer.profile.period_type, writer.profile.period) = (Some(cycles), 1);
    writer.profile.mapping = vec![proto::Mapping {
        id: 1,
        memory_limit: GUEST_BYTES,
        filename: writer.string(title),
        has_functions: true,
        has_filenames: true,
        has_line_numbers: true,
    }];
    for part in parts {
        writer.part(part);
    }
    let mut file = GzEncoder::new(Vec::new(), Compression::default());
    file.write_all(&writer.profile.encode_to_vec())?;
    file.finish()
}

/// Builds the profile: each string, function and place once.
#[derive(Default)]
struct Writer {
    profile: proto::Profile,
    strings: HashMap<String, i64>,
    functions: HashMap<(String, String), u64>,
    /// By function, address and line.
    locations: HashMap<(u64, u64, i64), u64>,
}

impl Writer {
    fn string(&mut self, text: &str) -> i64 {
        if let Some(number) = self.strings.get(text) {
            return *number;
        }
        let number = self.profile.string_table.len() as i64;
        self.profile.string_table.push(text.to_owned());
        self.strings.insert(text.to_owned(), number);
        number
    }

    fn function(&mut self, name: &str, file: &str, start_line: i64) -> u64 {
        let key = (name.to_owned(), file.to_owned());
        if let Some(id) = self.functions.get(&key) {
            return *id;
        }
        // 0 is no id.
        let id = self.profile.function.len() as u64 + 1;
        let (name, filename) = (self.string(name), self.string(file));
        self.profile.function.push(proto::Function {
            id,
            name,
            system_name: name,
            filename,
            start_line,
        });
        self.functions.insert(key, id);
        id
    }

    fn location(&mut self, function_id: u64, address: u64, line: i64) -> u64 {
        let next = self.profile.location.len() as u64 + 1;
        let key = (function_id, address, line);
        let id = *self.locations.entry(key).or_insert(next);
        if id == next {
            self.profile.location.push(proto::Location {
                id,
                mapping_id: 1,
                address,
                line: vec![proto::Line { function_id, line }],
            });
        }
        id
    }

    fn part(&mut self, part: &Part) {
        let names = part.recorder.names();
        let lines: HashMap<u64, (&str, u32)> = (part.instructions().iter())
            .filter_map(|one| Some((one.pc, (one.file.as_deref()?, one.line?))))
            .collect();
        let functions: Vec<(u64, i64)> = (0..names.len())
            .map(|function| {
                let place = lines.get(&names.start(function));
                let (file, line) = place.copied().unwrap_or_default();
                let id = self.function(names.name(function), file, i64::from(line));
                (id, i64::from(line))
            })
            .collect();
        let outermost = part.outermost().map(|name| {
            let function = self.function(&name, "", 0);
            self.location(function, 0, 0)
        });
        for node in &part.recorder.nodes {
            if node.cycles == 0 {
                continue;
            }
            let (function, line) = functions[node.function];
            let mut stack = vec![self.location(function, names.start(node.function), line)];
            let mut at = node;
            while let Some(parent) = at.parent {
                let caller = &part.recorder.nodes[parent];
                let (function, line) = functions[caller.function];
                let call = lines.get(&at.call_site);
                let line = call.map_or(line, |(_, line)| i64::from(*line));
                stack.push(self.location(function, at.call_site, line));
                at = caller;
            }
            stack.extend(outermost);
            self.profile.sample.push(proto::Sample {
                location_id: stack,
                // Cycles of a run fit.
                value: vec![node.cycles as i64],
            });
        }
    }
}
