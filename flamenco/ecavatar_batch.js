// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco job type: talking heads of a table's rows, a task a clip and character, then their pictures and films (docs/flamenco.md).

const JOB_TYPE = {
    label: "ECAvatar batch",
    description: "Make a talking head of each row of a table (photo, recording, emotion), render it and film it with its sound",
    settings: [
        { key: "table", type: "string", subtype: "file_path", required: true, visible: "submission",
          description: "CSV with a row for each clip and character, on the shared storage" },
        { key: "out", type: "string", subtype: "dir_path", required: true, visible: "submission",
          description: "Folder for the results, on the shared storage" },
        { key: "rows_per_task", type: "int32", default: 1, propargs: { min: 1, max: 1000 }, visible: "submission",
          description: "How many rows one task makes into heads" },
        { key: "render", type: "bool", default: true, visible: "submission",
          description: "Also render and film each head; else only .blend files are made" },
        { key: "parts", type: "int32", default: 4, propargs: { min: 1, max: 1000 }, visible: "submission",
          description: "Tasks that each clip is rendered in" },
        { key: "engine", type: "string", choices: ["CYCLES", "BLENDER_WORKBENCH"], default: "CYCLES", visible: "submission",
          description: "What renders" },
        { key: "samples", type: "int32", default: 32, propargs: { min: 1, max: 4096 }, visible: "submission",
          description: "Samples a pixel, for Cycles" },
        { key: "resolution", type: "int32", default: 1024, propargs: { min: 16, max: 8192 }, visible: "submission",
          description: "Width and height of the pictures, pixels" },

        // What a job compiler cannot see by itself: names like `row` are known inside a generator, `settings` only outside.
        { key: "table_path", type: "string", required: true, visible: "web", eval: "str(abspath(settings.table))",
          description: "The table's whole path" },
        { key: "out_path", type: "string", required: true, visible: "web", eval: "str(abspath(settings.out))",
          description: "The result folder's whole path" },
        { key: "rows", type: "string", required: true, visible: "hidden",
          eval: "'\\n'.join('|'.join((row['name'].strip(), (row.get('fps') or '').strip() or '24', row['audio'].strip())) "
              + "for row in __import__('csv').DictReader("
              + "__import__('io').StringIO(Path(abspath(settings.table)).read_text(encoding='utf-8-sig'), newline=''), "
              + "delimiter=max(',;\\t', key=Path(abspath(settings.table)).read_text(encoding='utf-8-sig').partition('\\n')[0].count)))",
          description: "Name, frames a second and recording of each row" },
    ]
};

function compileJob(job) {
    const settings = job.settings;
    const rows = readRows(settings.rows);
    const summary = author.Task("summary", "blender");
    const made = [];
    for (let first = 0; first < rows.length; first += settings.rows_per_task) {
        const group = rows.slice(first, first + settings.rows_per_task);
        const task = author.Task("head " + label(group), "blender");
        task.addCommand(batchCommand(settings, group.map(row => "--only=" + row.name)));
        job.addTask(task);
        summary.addDependency(task);
        for (const row of group) {
            made.push({ row: row, task: task });
        }
    }
    // Checks every row once more, which takes moments, and writes the summary.
    summary.addCommand(batchCommand(settings, []));
    job.addTask(summary);
    if (settings.render) {
        for (const one of made) {
            renderRow(job, settings, one.row, one.task);
        }
    }
}

// Each line is name|frames a second|recording.
function readRows(text) {
    const rows = [];
    for (const line of text.split("\n")) {
        const cells = line.split("|");
        if (cells.length !== 3 || !cells[0]) {
            throw "the table has no row as it should be: " + JSON.stringify(line);
        }
        const fps = Number(cells[1]);
        if (!(fps >= 1 && fps <= 240)) {
            throw "row " + cells[0] + " has " + cells[1] + " frames a second; choose 1 to 240";
        }
        rows.push({ name: cells[0], fps: fps, audio: cells[2] });
    }
    return rows;
}

function label(group) {
    return group.length === 1 ? group[0].name : group[0].name + " to " + group[group.length - 1].name;
}

function batchCommand(settings, only) {
    return author.Command("exec", {
        exe: "{blender}",
        args: ["--background", "--command", "ecavatar", "batch", settings.table_path, "--out", settings.out_path,
               "--format", "blend", "--workers", "1"].concat(only),
    });
}

function renderRow(job, settings, row, head) {
    const folder = path.join(settings.out_path, row.name);
    // A folder of its own for each submission: the film must not take in what an older, longer take left.
    const frames = path.join(folder, "frames " + formatTimestampLocal(job.created));
    const video = author.Task("video " + row.name, "ffmpeg");
    for (let part = 0; part < settings.parts; part++) {
        const task = author.Task("render " + row.name + " " + (part + 1) + "/" + settings.parts, "blender");
        task.addCommand(author.Command("blender-render", {
            exe: "{blender}",
            exeArgs: "{blenderArgs}",
            argsBefore: [],
            blendfile: path.join(folder, row.name + ".blend"),
            args: ["--python-exit-code", "1", "--python-expr", sceneSettings(settings, part),
                   "--render-output", path.join(frames, "######"), "--render-format", "PNG", "--render-anim"],
        }));
        task.addDependency(head);
        job.addTask(task);
        video.addDependency(task);
    }
    video.addCommand(author.Command("frames-to-video", {
        exe: "ffmpeg",
        fps: row.fps,
        inputGlob: path.join(frames, "*.png"),
        outputFile: path.join(folder, row.name + ".mp4"),
        args: ["-i", soundOf(settings, row), "-map", "0:v", "-map", "1:a", "-c:v", "h264", "-crf", "18", "-pix_fmt", "yuv420p",
               "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:a", "aac", "-shortest", "-y"],
    }));
    job.addTask(video);
}

// A row's recording; a path that is not whole starts from the table's folder.
function soundOf(settings, row) {
    const whole = row.audio.startsWith("/") || row.audio.startsWith("\\") || /^[A-Za-z]:/.test(row.audio);
    return whole ? row.audio : path.join(path.dirname(settings.table_path), row.audio);
}

// How many frames a clip has is known on the worker only, so it takes its share of them; a share may be empty in a short clip.
function sceneSettings(settings, part) {
    return [
        "import bpy",
        "scene = bpy.context.scene",
        "start, count = scene.frame_start, scene.frame_end - scene.frame_start + 1",
        "first, end = start + count * " + part + " // " + settings.parts + ", start + count * " + (part + 1) + " // " + settings.parts,
        "if first == end: bpy.ops.wm.quit_blender()",
        "scene.frame_end = end - 1",
        "scene.frame_start = first",
        "scene.render.engine = '" + settings.engine + "'",
        "scene.cycles.samples = " + settings.samples,
        "scene.render.resolution_x = scene.render.resolution_y = " + settings.resolution,
        "scene.render.resolution_percentage = 100",
    ].join("\n");
}
