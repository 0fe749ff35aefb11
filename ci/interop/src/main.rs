//! tract-turns MODEL [--optimize] [--apply TRANSFORM]... [--inputs F --outputs F] [--write F.tar]
//!
//! Loads an NNEF model as tract does, prints the operators of its nodes, one per line, runs it statefully on the turns of a
//! safetensors file (turn_0/NAME, turn_1/NAME, ..., or NAME for a single turn) and writes the outputs under the same names.
//! --write has tract write the model as it was loaded. Errors go to standard error, with exit code 1.

mod safetensors;

use std::collections::BTreeMap;
use std::path::Path;
use tract_nnef::internal::*;
use tract_nnef::tract_core::transform::get_transform;
use tract_transformers::WithTractTransformers;

struct Arguments {
    model: String,
    optimize: bool,
    apply: Vec<String>,
    inputs: Option<String>,
    outputs: Option<String>,
    write: Option<String>,
}

fn parse_arguments() -> TractResult<Arguments> {
    let mut words = std::env::args().skip(1);
    let model = words.next().context("expected the path of a model")?;
    let mut parsed = Arguments { model, optimize: false, apply: vec![], inputs: None, outputs: None, write: None };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--optimize" => parsed.optimize = true,
            "--apply" => parsed.apply.push(value()?),
            "--inputs" => parsed.inputs = Some(value()?),
            "--outputs" => parsed.outputs = Some(value()?),
            "--write" => parsed.write = Some(value()?),
            _ => bail!("unknown argument {word}"),
        }
    }
    Ok(parsed)
}

/// The tensors of each turn by name.
fn turns_of(tensors: Vec<(String, Tensor)>) -> TractResult<Vec<BTreeMap<String, Tensor>>> {
    let mut turns: BTreeMap<usize, BTreeMap<String, Tensor>> = BTreeMap::new();
    for (name, tensor) in tensors {
        let (turn, name) = match name.strip_prefix("turn_").and_then(|rest| rest.split_once('/')) {
            Some((turn, name)) => (turn.parse()?, name.to_string()),
            None => (0, name),
        };
        turns.entry(turn).or_default().insert(name, tensor);
    }
    ensure!(turns.keys().copied().eq(0..turns.len()), "the turns are not numbered from 0");
    Ok(turns.into_values().collect())
}

fn output_names(model: &TypedModel) -> TractResult<Vec<String>> {
    let outlets = model.output_outlets()?;
    let name = |outlet: &OutletId| match model.outlet_label(*outlet) {
        Some(label) => label.to_string(),
        None => model.node(outlet.node).name.to_string(),
    };
    Ok(outlets.iter().map(name).collect())
}

fn run(model: TypedModel, arguments: &Arguments) -> TractResult<Vec<(String, Tensor)>> {
    let inputs = arguments.inputs.as_ref().context("--outputs needs --inputs")?;
    let turns = turns_of(safetensors::read(Path::new(inputs))?)?;
    let outputs = output_names(&model)?;
    let input_names: Vec<String> =
        model.input_outlets()?.iter().map(|outlet| model.node(outlet.node).name.to_string()).collect();
    let model = if arguments.optimize { model.into_optimized()? } else { model };
    let mut state = model.into_runnable()?.spawn()?;
    let mut results = vec![];
    for (index, mut turn) in turns.into_iter().enumerate() {
        let mut values: TVec<TValue> = tvec![];
        for name in &input_names {
            let tensor = turn.remove(name).with_context(|| format!("turn {index} has no input {name}"))?;
            values.push(tensor.into());
        }
        for (name, value) in outputs.iter().zip(state.run(values)?) {
            results.push((format!("turn_{index}/{name}"), value.into_tensor()));
        }
    }
    Ok(results)
}

fn main() -> TractResult<()> {
    let arguments = parse_arguments()?;
    let nnef = tract_nnef::nnef().with_tract_transformers();
    let mut model = nnef.model_for_path(&arguments.model)?;
    if !arguments.apply.is_empty() {
        model = model.into_decluttered()?;
    }
    for name in &arguments.apply {
        let transform = get_transform(name)?.with_context(|| format!("no transform {name}"))?;
        transform.transform(&mut model)?;
    }
    for node in model.nodes() {
        println!("{}", node.op().name());
    }
    if let Some(path) = &arguments.write {
        nnef.write_to_tar(&model, std::fs::File::create(path)?)?;
    }
    if let Some(path) = &arguments.outputs {
        let results = run(model, &arguments)?;
        safetensors::write(Path::new(path), &results)?;
    }
    Ok(())
}
