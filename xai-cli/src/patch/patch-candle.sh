#!/usr/bin/env bash
# Gives a project's candle the gradients that it lacks, so that models of candle-transformers are explained as they are
# shipped: copies the candle-core and candle-nn of your Cargo.lock from cargo's own sources, edits the places below,
# and prints the lines that make cargo use the copies.
#
#   xai patch-candle                       # in your project: copies to ./candle-patched
#   xai patch-candle --to FOLDER           # to another folder
#   xai patch-candle --manifest Cargo.toml # for a project elsewhere
#   xai patch-candle >> Cargo.toml         # the lines alone go to standard output
#
# The command runs this script, which bash runs by itself too. What is edited, and nothing else:
#   candle-nn    softmax_last_dim, layer_norm, rms_norm: a tracked input takes candle's own slow form, with a gradient
#                rope, rope_i, rope_thd: a backward pass, which turns back
#                flash_attn on the CPU: products and softmax for tracked inputs
#                KvCache, RotatingKvCache, ConcatKvCache: keep the gradient of keys and values that have one
#   candle-core  max_pool2d, avg_pool2d: any stride and remainder, and the right factor
#                upsample_nearest1d, upsample_nearest2d: any factor, beside other branches
#                conv2d: unequal sides; conv_transpose1d, to its input; scatter and scatter_add
#                conv1d: its weight's gradient, in a batch
#   On the CPU, forward too, where candle mixes up numbers; all other forward values stay what they are:
#                products of transposed matrices with a repeated one, as Linear and conv_transpose1d make them: the
#                samples behind the first one (and conv1d's gradient, which conv_transpose1d makes)
#                conv1d of a kernel that does not lie in order
# Only versions on the list below are edited. Each edit must find its place exactly once, else nothing is kept. All
# other files stay as they are, candle-core's LICENSE among them (candle-nn's package has none of its own).
set -euo pipefail

readonly known="0.11.1"

say() { printf 'patch-candle: %s\n' "$*" >&2; }

fail() {
    say "$1"
    shift
    (($# == 0)) || printf '              %s\n' "$@" >&2
    exit 1
}

to=candle-patched
manifest=Cargo.toml
while (($#)); do
    case $1 in
    --to | --manifest)
        (($# > 1)) || fail "$1 needs a value"
        [[ $1 == --to ]] && to=$2 || manifest=$2
        shift 2
        ;;
    --help | -h)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    *) fail "what is '$1'? Try --help." ;;
    esac
done

[[ -f $manifest ]] || fail "no $manifest here." "Run it in your project, or say --manifest PATH/TO/Cargo.toml."
[[ ! -e $to ]] || fail "$to is there already." "Remove it, or say --to ANOTHER-FOLDER."

metadata=$(cargo metadata --format-version 1 --manifest-path "$manifest") ||
    fail "cargo could not read the project (see above)."

# The folder of a package's sources: cargo's, not a copy that was patched before.
sources_of() {
    local found
    found=$(grep -o '"manifest_path":"[^"]*"' <<<"$metadata" | cut -d '"' -f 4 | grep "/$1-[0-9][^/]*/Cargo.toml\$" ||
        true)
    [[ -n $found ]] || fail "the project has no $1 from a registry." \
        "Add it to [dependencies] (cargo add $1), and leave out lines of an earlier patch."
    [[ $(wc -l <<<"$found") == 1 ]] || fail "the project has more than one $1:" "$found" \
        "Bring all dependencies to one version: cargo tree -d."
    dirname "$found"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in candle-core candle-nn; do
    folder=$(sources_of "$package")
    version=${folder##*/"$package"-}
    [[ " $known " == *" $version "* ]] ||
        fail "$package $version is not known; known: $known." "Nothing was changed."
    cp -R "$folder" "$work/$package"
done

# edit FILE: standard input has the text that is there, a line ====, and the text to put in its place. With a line ....
# in the first part everything between what is above and what is below it goes, and what is below stays. By awk, since
# bash takes seconds to find a text in a long file.
edit() {
    local file="$work/$1" input old new end='' wrong=0
    input=$(cat)
    old=${input%%$'\n====\n'*}
    new=${input#*$'\n====\n'}
    if [[ $old == *$'\n....\n'* ]]; then
        end=${old#*$'\n....\n'}
        old=${old%%$'\n....\n'*}
    fi
    LC_ALL=C OLD=$old NEW=$new END=$end awk '
        BEGIN { RS = "\001"; old = ENVIRON["OLD"]; put = ENVIRON["NEW"]; last = ENVIRON["END"] }
        { text = text $0 }
        END {
            at = index(text, old)
            if (!at) exit 2
            behind = substr(text, at + length(old))
            if (index(behind, old)) exit 3
            if (last != "") {
                end = index(behind, last)
                if (!end) exit 4
                behind = "\n" substr(behind, end)
            }
            printf "%s", substr(text, 1, at - 1) put behind
        }
    ' "$file" >"$work/edited" || wrong=$?
    case $wrong in
    0) mv "$work/edited" "$file" ;;
    2) fail "$1: the place of an edit was not found:" "${old%%$'\n'*}" ;;
    3) fail "$1: the place of an edit is there twice:" "${old%%$'\n'*}" ;;
    4) fail "$1: the end of an edit was not found:" "${end%%$'\n'*}" ;;
    *) fail "$1: awk failed." ;;
    esac
    edits=$((edits + 1))
}
edits=0

edit candle-nn/src/ops.rs <<'E'
    xs.apply_op1_no_bwd(&SoftmaxLastDim)
====
    // patch-candle: the fused form has no backward pass.
    if xs.track_op() {
        return softmax(xs, D::Minus1);
    }
    xs.apply_op1_no_bwd(&SoftmaxLastDim)
E
edit candle-nn/src/ops.rs <<'E'
    xs.apply_op2_no_bwd(alpha, &RmsNorm { eps })
====
    // patch-candle: the fused form has no backward pass.
    if xs.track_op() || alpha.track_op() {
        return rms_norm_slow(xs, alpha, eps);
    }
    xs.apply_op2_no_bwd(alpha, &RmsNorm { eps })
E
edit candle-nn/src/ops.rs <<'E'
    xs.apply_op3_no_bwd(alpha, beta, &LayerNorm { eps })
====
    // patch-candle: the fused form has no backward pass.
    if xs.track_op() || alpha.track_op() || beta.track_op() {
        return layer_norm_slow(xs, alpha, beta, eps);
    }
    xs.apply_op3_no_bwd(alpha, beta, &LayerNorm { eps })
E

# rope NAME FUNCTION: a backward pass for one of the three.
rope() {
    edit candle-nn/src/rotary_emb.rs <<E
impl candle::CustomOp3 for $1 {
====
impl candle::CustomOp3 for $1 {
    // patch-candle: the cotangent is turned back by the same angle.
    fn bwd(
        &self,
        _xs: &Tensor,
        cos: &Tensor,
        sin: &Tensor,
        _res: &Tensor,
        grad_res: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        if [cos, sin].iter().any(|t| t.track_op() && !t.is_variable()) {
            candle::bail!("no gradient goes to the cos and sin of rope")
        }
        let back = $2(&grad_res.contiguous()?, &cos.detach(), &sin.detach().neg()?)?;
        Ok((Some(back), None, None))
    }

E
    edit candle-nn/src/rotary_emb.rs <<E
    xs.apply_op3_no_bwd(cos, sin, &$1)
====
    xs.apply_op3(cos, sin, $1)
E
}
rope RotaryEmb rope
rope RotaryEmbI rope_i
rope RotaryEmbThd rope_thd

edit candle-nn/src/attention/cpu_flash/mod.rs <<'E'
    let b = q.dims()[0];

    if b > 1 {
        let dt = q.dtype();
====
    // patch-candle: the fused kernels have no backward pass.
    if q.track_op() || k.track_op() || v.track_op() {
        return tracked_attn(q, k, v, softmax_scale, attn_mask, max_bias, softcap);
    }
    let b = q.dims()[0];

    if b > 1 {
        let dt = q.dtype();
E
edit candle-nn/src/attention/cpu_flash/mod.rs <<'E'
/// Flash attention with automatic dispatch.
====
// patch-candle: attention by products and softmax.
fn tracked_attn(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    softmax_scale: f32,
    attn_mask: AttnMask,
    max_bias: Option<f32>,
    softcap: Option<f32>,
) -> Result<Tensor> {
    if max_bias.is_some_and(|bias| bias != 0.0) {
        candle::bail!("flash_attn has no gradient with a position bias (max_bias)")
    }
    let (b, queries, heads, _) = q.dims4()?;
    let (_, keys, own, _) = k.dims4()?;
    let spread = |t: &Tensor| -> Result<Tensor> {
        let d = t.dim(3)?;
        t.transpose(1, 2)?
            .unsqueeze(2)?
            .broadcast_as((b, own, heads / own, keys, d))?
            .reshape((b, heads, keys, d))
    };
    let (k, v) = (spread(k)?, spread(v)?);
    let q = q.transpose(1, 2)?.contiguous()?;
    let mut scores = (q.matmul(&k.t()?.contiguous()?)? * softmax_scale as f64)?;
    if let Some(cap) = softcap.filter(|cap| *cap != 0.0) {
        scores = ((scores / cap as f64)?.tanh()? * cap as f64)?;
    }
    let mask = match attn_mask {
        AttnMask::None => None,
        AttnMask::Mask(mask) => Some(mask.to_dtype(q.dtype())?),
        AttnMask::Causal { kv_offset } => {
            let hidden = |n: usize| n % keys > n / keys + kv_offset;
            let mask = (0..queries * keys).map(|n| if hidden(n) { f32::NEG_INFINITY } else { 0. });
            let mask = Tensor::from_iter(mask, q.device())?.reshape((queries, keys))?;
            Some(mask.to_dtype(q.dtype())?)
        }
    };
    if let Some(mask) = mask {
        scores = scores.broadcast_add(&mask)?;
    }
    crate::ops::softmax(&scores, candle::D::Minus1)?.matmul(&v)
}

/// Flash attention with automatic dispatch.
E

edit candle-nn/src/kv_cache.rs <<'E'
        ad.slice_set(src, self.dim, self.current_seq_len)?;
====
        put(ad, src, self.dim, self.current_seq_len)?;
E
edit candle-nn/src/kv_cache.rs <<'E'
                ad.slice_set(&src.contiguous()?, self.dim, self.offset)?;
====
                put(ad, &src.contiguous()?, self.dim, self.offset)?;
E
edit candle-nn/src/kv_cache.rs <<'E'
#[derive(Debug, Clone)]
pub struct Cache {
====
// patch-candle: what is written in place loses its gradient.
fn put(all: &mut Tensor, src: &Tensor, dim: usize, start: usize) -> Result<()> {
    if !src.track_op() && !all.track_op() {
        return all.slice_set(src, dim, start);
    }
    let (end, len) = (start + src.dim(dim)?, all.dim(dim)?);
    let mut parts = Vec::with_capacity(3);
    if start > 0 {
        parts.push(all.narrow(dim, 0, start)?);
    }
    parts.push(src.clone());
    if end < len {
        parts.push(all.narrow(dim, end, len - end)?);
    }
    *all = Tensor::cat(&parts, dim)?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct Cache {
E

edit candle-nn/src/kv_cache.rs <<'E'
        // Detach inputs to break BackpropOp chain - KV caches are inference-only.
        let k = k.contiguous()?.detach();
        let v = v.contiguous()?.detach();
====
        // patch-candle: a gradient is kept.
        let k = k.contiguous()?;
        let v = v.contiguous()?;
E
edit candle-nn/src/kv_cache.rs <<'E'
            Some(k_cache) => Tensor::cat(&[k_cache, &k], self.dim)?.detach(),
====
            Some(k_cache) => Tensor::cat(&[k_cache, &k], self.dim)?,
E
edit candle-nn/src/kv_cache.rs <<'E'
            Some(v_cache) => Tensor::cat(&[v_cache, &v], self.dim)?.detach(),
====
            Some(v_cache) => Tensor::cat(&[v_cache, &v], self.dim)?,
E

edit candle-core/src/backprop.rs <<'E'
                        let out_padding = arg.dim(2)? - out_size;
                        let grad_arg = grad.conv_transpose2d(
                            kernel,
                            *padding,
                            out_padding,
                            *stride,
                            *dilation,
                        )?;
====
                        // patch-candle: rows and columns may be left over in different numbers.
                        let (_, _, h, w) = arg.dims4()?;
                        let out_w = (grad.dim(3)? - 1) * stride + dilation * (kernel.dim(3)? - 1)
                            + 1
                            - 2 * padding;
                        let grad_arg = grad
                            .conv_transpose2d(
                                kernel,
                                *padding,
                                usize::max(h - out_size, w - out_w),
                                *stride,
                                *dilation,
                            )?
                            .narrow(2, 0, h)?
                            .narrow(3, 0, w)?;
E
edit candle-core/src/backprop.rs <<'E'
                            .conv1d(&grad.transpose(0, 1)?, *padding, *dilation, *stride, 1)?
====
                            // patch-candle: in order, since conv1d reads kernels as if they were.
                            .conv1d(
                                &grad.transpose(0, 1)?.contiguous()?,
                                *padding,
                                *dilation,
                                *stride,
                                1,
                            )?
E
edit candle-core/src/backprop.rs <<'E'
                    Op::ConvTranspose1D { .. } => Err(Error::BackwardNotSupported {
                        op: "conv-transpose1d",
                    })?,
====
                    // patch-candle: the convolution that it transposes.
                    Op::ConvTranspose1D {
                        arg,
                        kernel,
                        padding,
                        stride,
                        dilation,
                        output_padding: _output_padding,
                    } => {
                        let grad_arg = grad
                            .conv1d(kernel, *padding, *stride, *dilation, 1)?
                            .narrow(2, 0, arg.dim(2)?)?;
                        let sum_grad = grads.or_insert(arg)?;
                        *sum_grad = sum_grad.add(&grad_arg)?;

                        if kernel.track_op() {
                            crate::bail!("backward not supported for the kernel of conv-transpose1d")
                        }
                    }
E
edit candle-core/src/backprop.rs <<'E'
                    Op::AvgPool2D {
                        arg,
....
                    Op::UpsampleBilinear2D { .. } => {
====
                    // patch-candle: pools of any window and stride, and up-sampling by any factor.
                    Op::AvgPool2D {
                        arg,
                        kernel_size,
                        stride,
                    } => {
                        let grad_arg = avg_pool2d_grad(arg, &grad, *kernel_size, *stride)?;
                        let sum_grad = grads.or_insert(arg)?;
                        *sum_grad = sum_grad.add(&grad_arg)?;
                    }
                    Op::MaxPool2D {
                        arg,
                        kernel_size,
                        stride,
                    } => {
                        let grad_arg = max_pool2d_grad(arg, node, &grad, *kernel_size, *stride)?;
                        let sum_grad = grads.or_insert(arg)?;
                        *sum_grad = sum_grad.add(&grad_arg)?;
                    }
                    Op::UpsampleNearest1D { arg, .. } => {
                        let grad_arg = nearest2d_grad(&arg.unsqueeze(2)?, &grad.unsqueeze(2)?)?;
                        let sum_grad = grads.or_insert(arg)?;
                        *sum_grad = sum_grad.add(&grad_arg.squeeze(2)?)?;
                    }
                    Op::UpsampleNearest2D { arg, .. } => {
                        let grad_arg = nearest2d_grad(arg, &grad)?;
                        let sum_grad = grads.or_insert(arg)?;
                        *sum_grad = sum_grad.add(&grad_arg)?;
                    }
E
edit candle-core/src/backprop.rs <<'E'
                    Op::Scatter(init, indexes, src, dim) => {
....
                    Op::IndexAdd(init, indexes, src, dim) => {
====
                    // patch-candle: what is overwritten has no gradient, what is added to keeps it.
                    Op::Scatter(init, indexes, src, dim) => {
                        let mask = init.detach().ones_like()?;
                        let mask =
                            mask.scatter(indexes, &src.detach().zeros_like()?, *dim)?;
                        let init_sum_grad = grads.or_insert(init)?;
                        *init_sum_grad = init_sum_grad.add(&grad.mul(&mask)?)?;

                        let src_grad = grad.gather(indexes, *dim)?;
                        let src_sum_grad = grads.or_insert(src)?;
                        *src_sum_grad = src_sum_grad.add(&src_grad)?;
                    }
                    Op::ScatterAdd(init, indexes, src, dim) => {
                        let init_sum_grad = grads.or_insert(init)?;
                        *init_sum_grad = init_sum_grad.add(&grad)?;

                        let src_grad = grad.gather(indexes, *dim)?;
                        let src_sum_grad = grads.or_insert(src)?;
                        *src_sum_grad = src_sum_grad.add(&src_grad)?;
                    }
E
edit candle-core/src/backprop.rs <<'E'
/// A store for gradients, associating a tensor id to the corresponding gradient tensor, used for back propagation.
====
// patch-candle: from here to the store for gradients.

/// The places start, start + step, .. of an axis.
fn places(start: usize, step: usize, count: usize, like: &Tensor) -> Result<Tensor> {
    let places: Vec<u32> = (0..count).map(|i| (start + i * step) as u32).collect();
    Tensor::from_vec(places, count, like.device())
}

/// Zeros (.., h, w), with each number added at its row's and its column's place.
fn spread(part: &Tensor, rows: &Tensor, cols: &Tensor, (h, w): (usize, usize)) -> Result<Tensor> {
    let (n, c, oh, _) = part.dims4()?;
    let wide = Tensor::zeros((n, c, oh, w), part.dtype(), part.device())?;
    let wide = wide.index_add(cols, &part.contiguous()?, 3)?;
    Tensor::zeros((n, c, h, w), part.dtype(), part.device())?.index_add(rows, &wide, 2)
}

/// The first of equal maxima gets the gradient of its window.
fn max_pool2d_grad(
    arg: &Tensor,
    node: &Tensor,
    grad: &Tensor,
    kernel: (usize, usize),
    stride: (usize, usize),
) -> Result<Tensor> {
    let (arg, node, grad) = (arg.detach().contiguous()?, node.detach(), grad.detach());
    let ((_, _, h, w), (_, _, oh, ow)) = (arg.dims4()?, node.dims4()?);
    let mut open = grad.clone();
    let mut total = arg.zeros_like()?;
    for u in 0..kernel.0 {
        let rows = places(u, stride.0, oh, &arg)?;
        for v in 0..kernel.1 {
            let cols = places(v, stride.1, ow, &arg)?;
            let here = arg.index_select(&rows, 2)?.index_select(&cols, 3)?;
            let won = open.mul(&here.eq(&node)?.to_dtype(grad.dtype())?)?;
            open = open.sub(&won)?;
            total = total.add(&spread(&won, &rows, &cols, (h, w))?)?;
        }
    }
    Ok(total)
}

fn avg_pool2d_grad(
    arg: &Tensor,
    grad: &Tensor,
    kernel: (usize, usize),
    stride: (usize, usize),
) -> Result<Tensor> {
    let grad = (grad.detach() * (1f64 / (kernel.0 * kernel.1) as f64))?;
    let ((_, _, h, w), (_, _, oh, ow)) = (arg.dims4()?, grad.dims4()?);
    let mut total = arg.detach().zeros_like()?;
    for u in 0..kernel.0 {
        let rows = places(u, stride.0, oh, &grad)?;
        for v in 0..kernel.1 {
            let cols = places(v, stride.1, ow, &grad)?;
            total = total.add(&spread(&grad, &rows, &cols, (h, w))?)?;
        }
    }
    Ok(total)
}

fn nearest2d_grad(arg: &Tensor, grad: &Tensor) -> Result<Tensor> {
    let grad = grad.detach();
    let ((_, _, h, w), (_, _, oh, ow)) = (arg.dims4()?, grad.dims4()?);
    // As the forward pass chooses them.
    let chosen = |from: usize, to: usize| {
        let scale = from as f64 / to as f64;
        let places: Vec<u32> = (0..to)
            .map(|i| usize::min(from - 1, (i as f64 * scale) as usize) as u32)
            .collect();
        Tensor::from_vec(places, to, grad.device())
    };
    spread(&grad, &chosen(h, oh)?, &chosen(w, ow)?, (h, w))
}

/// A store for gradients, associating a tensor id to the corresponding gradient tensor, used for back propagation.
E

edit candle-core/src/cpu_backend/mod.rs <<'E'
        let (b, m, n, k) = if b_skip == 0 && a_skip == m * k {
====
        // patch-candle: and the rows of lhs follow each other from batch to batch, as transposed ones do not.
        let (b, m, n, k) = if b_skip == 0 && a_skip == m * lhs_rs {
E
edit candle-core/src/cpu_backend/mod.rs <<'E'
            kernel.copy_strided_src(&mut kernel_c, 0, kernel_l)?;
            let kernel_l = Layout::contiguous_with_offset((1, n, k), kernel_l.start_offset())
                .transpose(1, 2)?
                .broadcast_as((b, k, n))?;
            col.matmul(kernel, (b, m, n, k), &col_l, &kernel_l)?
====
            kernel.copy_strided_src(&mut kernel_c, 0, kernel_l)?;
            // patch-candle: the copy, which begins at 0.
            let kernel_l = Layout::contiguous((1, n, k))
                .transpose(1, 2)?
                .broadcast_as((b, k, n))?;
            col.matmul(&kernel_c, (b, m, n, k), &col_l, &kernel_l)?
E

mkdir -p "$to"
mv "$work/candle-core" "$work/candle-nn" "$to/"
say "$edits edits in $to/candle-core and $to/candle-nn ($version)."
[[ ! -t 1 ]] || say "Add these lines to the Cargo.toml of your workspace:"
place=$(cd "$to" && pwd)
printf '\n[patch.crates-io]\n'
printf '%s = { path = "%s" }\n' candle-core "$place/candle-core" candle-nn "$place/candle-nn"
