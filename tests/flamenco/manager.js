// Flamenco Manager's side of a job type, after its documented author API: node manager.js SCRIPT < JOB prints what was authored.
"use strict";
const fs = require("fs");
const vm = require("vm");

const tasks = [];

class Task {
    constructor(name, type) {
        if (!name.trim() || !type.trim()) {
            throw new Error("author.Task(name, type): both are required");
        }
        Object.assign(this, { name: name.trim(), type: type.trim(), commands: [], dependencies: [] });
    }

    addCommand(command) { this.commands.push(command); }

    addDependency(task) { this.dependencies.push(task); }
}

// "1-10, 20..25, 40" -> its frames in order, each once
function frames(range) {
    const found = new Set();
    for (const part of range.replaceAll("..", "-").split(",")) {
        if (!/^\s*\d+\s*(-\s*\d+\s*)?$/.test(part)) {
            throw new Error("invalid range " + range);
        }
        const ends = part.split("-").map(Number);
        for (let frame = ends[0]; frame <= ends[ends.length - 1]; frame++) {
            found.add(frame);
        }
    }
    return [...found].sort((one, other) => one - other);
}

function merged(numbers) {
    const runs = [];
    for (const number of numbers) {
        const run = runs[runs.length - 1];
        if (run && number === run[run.length - 1] + 1) {
            run.push(number);
        } else {
            runs.push([number]);
        }
    }
    return runs.map(run => run.length > 2 ? run[0] + "-" + run[run.length - 1] : run.join(",")).join(",");
}

function frameChunker(range, size) {
    if (!(size >= 1)) {
        throw new Error("invalid chunk size");
    }
    const all = frames(range);
    const chunks = [];
    for (let first = 0; first < all.length; first += size) {
        chunks.push(merged(all.slice(first, first + size)));
    }
    return chunks;
}

const posix = require("path").posix;
const context = vm.createContext({
    author: {
        Task: function (name, type) { return new Task(name, type); },
        Command: function (name, parameters) { return { name: name, parameters: parameters }; },
    },
    path: { basename: posix.basename, dirname: posix.dirname, join: posix.join, stem: name => posix.parse(name).name },
    frameChunker: frameChunker,
    formatTimestampLocal: () => "2026-11-26_230500",
    print: () => undefined,
    alert: () => undefined,
});

vm.runInContext(fs.readFileSync(process.argv[2], "utf8") + "\n;this.jobType = JOB_TYPE; this.compile = compileJob;", context);
const job = JSON.parse(fs.readFileSync(0, "utf8"));
let refused = "";
if (job) {
    Object.assign(job, { created: new Date(0), addTask: task => tasks.push(task) });
    try {
        context.compile(job);
    } catch (error) {
        refused = String(error);
    }
}
process.stdout.write(JSON.stringify({
    jobType: context.jobType,
    refused: refused,
    settings: job ? job.settings : null,
    // The manager needs a dependency to be a task of the job.
    tasks: tasks.map(task => Object.assign({}, task, { dependencies: task.dependencies.map(one => tasks.indexOf(one)) })),
}));
