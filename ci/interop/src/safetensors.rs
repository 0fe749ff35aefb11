//! Named tensors in one file: 8 bytes of little-endian header length, a JSON header, the data.

use serde_json::{json, Map, Value};
use std::path::Path;
use tract_nnef::internal::*;

const TYPES: [(&str, DatumType); 12] = [
    ("F16", DatumType::F16),
    ("F32", DatumType::F32),
    ("F64", DatumType::F64),
    ("I8", DatumType::I8),
    ("I16", DatumType::I16),
    ("I32", DatumType::I32),
    ("I64", DatumType::I64),
    ("U8", DatumType::U8),
    ("U16", DatumType::U16),
    ("U32", DatumType::U32),
    ("U64", DatumType::U64),
    ("BOOL", DatumType::Bool),
];

fn numbers(value: &Value) -> TractResult<Vec<usize>> {
    let items = value.as_array().context("expected an array of numbers")?;
    items.iter().map(|n| Ok(n.as_u64().context("expected a number")? as usize)).collect()
}

pub fn read(path: &Path) -> TractResult<Vec<(String, Tensor)>> {
    let file = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    ensure!(file.len() >= 8, "no safetensors file");
    let length = u64::from_le_bytes(file[..8].try_into()?) as usize;
    ensure!(length <= file.len() - 8, "no safetensors file");
    let header: Map<String, Value> = serde_json::from_slice(&file[8..8 + length])?;
    let data = &file[8 + length..];
    let mut tensors = vec![];
    for (name, entry) in header {
        if name == "__metadata__" {
            continue;
        }
        let spelled = entry["dtype"].as_str().context("no dtype")?;
        let (_, dtype) = TYPES.iter().find(|t| t.0 == spelled).context("unknown dtype")?;
        let offsets = numbers(&entry["data_offsets"])?;
        ensure!(offsets.len() == 2, "expected [begin, end]");
        let bytes = data.get(offsets[0]..offsets[1]).context("data outside of the file")?;
        let shape = numbers(&entry["shape"])?;
        ensure!(shape.iter().product::<usize>() * dtype.size_of() == bytes.len(), "a shape is wrong");
        tensors.push((name, unsafe { Tensor::from_raw_dt(*dtype, &shape, bytes)? }));
    }
    Ok(tensors)
}

pub fn write(path: &Path, tensors: &[(String, Tensor)]) -> TractResult<()> {
    let mut header = Map::new();
    let mut data: Vec<u8> = vec![];
    for (name, tensor) in tensors {
        let counts = tensor.datum_type() == DatumType::TDim;
        let tensor = if counts { tensor.cast_to::<i64>()?.into_owned() } else { tensor.clone() };
        let spelled = TYPES.iter().find(|t| t.1 == tensor.datum_type()).context("a type that is not written")?.0;
        let begin = data.len();
        data.extend_from_slice(tensor.try_as_plain()?.as_bytes());
        header.insert(
            name.clone(),
            json!({"dtype": spelled, "shape": tensor.shape(), "data_offsets": [begin, data.len()]}),
        );
    }
    let mut text = serde_json::to_vec(&header)?;
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut file = (text.len() as u64).to_le_bytes().to_vec();
    file.extend(text);
    file.extend(data);
    Ok(std::fs::write(path, file)?)
}
