// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco job type: the open file's talking head as pictures and as a film with its speech (docs/flamenco.md).

const JOB_TYPE = {
    label: "ECAvatar render",
    description: "Render the scene in chunks and film it with the avatar's speech",
    settings: [
        { key: "frames", type: "string", required: true, visible: "visible",
          eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
          evalInfo: { showLinkButton: true, description: "Scene frame range" },
          description: "Frames to render without a gap, such as '1-240'" },
        { key: "chunk_size", type: "int32", default: 24, propargs: { min: 1, max: 10000 }, visible: "submission",
          description: "Frames that one task renders" },
        { key: "render_output_root", type: "string", subtype: "dir_path", required: true, visible: "submission",
          description: "Folder on the shared storage; pictures and film get a folder of their own in it" },
        { key: "sound", type: "bool", default: true, visible: "submission", description: "Put the avatar's recording into the film" },
        { key: "render_output_path", type: "string", subtype: "file_path", editable: false, visible: "web",
          eval: "str(Path(abspath(settings.render_output_root), jobname, '{timestamp}', '######'))",
          description: "Where the pictures will lie" },

        // Automatically evaluated:
        { key: "blendfile", type: "string", required: true, visible: "web", description: "The file to render" },
        { key: "fps", type: "float", visible: "hidden", eval: "C.scene.render.fps / C.scene.render.fps_base" },
        { key: "first_frame", type: "int32", visible: "hidden", eval: "C.scene.frame_start",
          description: "Frame at which the speech begins" },
        { key: "audio", type: "string", visible: "web", eval: "str(abspath(C.scene.ecavatar.audio)) if C.scene.ecavatar.audio else ''",
          description: "The avatar's recording" },
    ]
};

function compileJob(job) {
    const settings = job.settings;
    if (!settings.render_output_path) {
        throw "no folder for the pictures was chosen";
    }
    const chunks = frameChunker(settings.frames, settings.chunk_size);
    if (settings.frames.indexOf(",") >= 0) {
        throw "frames with gaps make no film: " + settings.frames;
    }
    // What the job's page shows later is what was used.
    settings.render_output_path = settings.render_output_path.replace("{timestamp}", formatTimestampLocal(job.created));
    const folder = path.dirname(settings.render_output_path);
    const video = author.Task("video", "ffmpeg");
    for (const chunk of chunks) {
        const task = author.Task("render " + chunk, "blender");
        task.addCommand(author.Command("blender-render", {
            exe: "{blender}",
            exeArgs: "{blenderArgs}",
            argsBefore: [],
            blendfile: settings.blendfile,
            args: ["--render-output", settings.render_output_path, "--render-format", "PNG",
                   "--render-frame", chunk.replace(/-/g, "..")],
        }));
        job.addTask(task);
        video.addDependency(task);
    }
    video.addCommand(videoCommand(settings, folder));
    job.addTask(video);
}

function videoCommand(settings, folder) {
    const first = Number(frameChunker(settings.frames, 1)[0]);
    // Frames before the speech are silent; later ones begin in its middle.
    const late = (first - settings.first_frame) / settings.fps;
    const place = late >= 0 ? ["-ss", String(late)] : ["-itsoffset", String(-late)];
    const sound = settings.sound && settings.audio ? place.concat(["-i", settings.audio, "-map", "0:v", "-map", "1:a", "-c:a", "aac"]) : [];
    return author.Command("frames-to-video", {
        exe: "ffmpeg",
        fps: settings.fps,
        inputGlob: path.join(folder, "*.png"),
        outputFile: path.join(folder, path.stem(settings.blendfile).replace(".flamenco", "") + ".mp4"),
        args: sound.concat(["-c:v", "h264", "-crf", "18", "-pix_fmt", "yuv420p", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                            "-shortest", "-y"]),
    });
}
